"""Where each version came from: candidates and proposals of a run as a graph, with its frontier.

Scores are those of the host's runner: of the gate where a proposal was gated, else the mean of the
evaluations the engine asked for; on tasks of "val" where there are any. What an engine says of
itself is no score here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypedDict

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import AnyEvent, Candidate, EvalRequested, EvalResult
from workbench.domain.proposal import Change, Proposal, ProposalDraft
from workbench.domain.task import PairedTable

NodeKind = Literal["base", "candidate", "proposal"]
BASE = "base"

_Content = frozenset[tuple[str, str, str | None]]


class _Scored(TypedDict, total=False):
    """The fields of a node that say how it did."""

    score: float
    n: int
    split: str
    usd: float


class LineageNode(Struct, frozen=True):
    """A version. ``depth`` counts from the library as it was; ``lane`` is its place at that depth.

    ``score`` is in 0..1 over ``n`` tasks of ``split``, None where nothing was run. ``growth`` is
    what it adds to the texts it changes, in bytes, None where the texts are not known. ``proposal``
    is the id of the proposal it became. ``frontier``: no other scores as high with fewer bytes.
    """

    id: str
    kind: NodeKind
    title: str
    parents: tuple[str, ...] = ()
    depth: int = 0
    lane: int = 0
    score: float | None = None
    n: int = 0
    split: str = ""
    growth: int | None = None
    usd: float = 0.0
    proposal: str = ""
    level: str = ""
    frontier: bool = False


def lineage_of(
    events: Sequence[AnyEvent],
    proposals: Sequence[Proposal],
    splits: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> tuple[LineageNode, ...]:
    """Return the versions of a run, the library first, parents before their children.

    Args:
        events: of the run.
        proposals: that came of it.
        splits: of the tasks an engine was told of; scores are those of "val" where there are any.
        sizes: bytes of the files of the library as it was, by path.
    """
    made = _candidates(events)
    names = {one.evaluated_as: one.id for one in made.values() if one.evaluated_as}
    contents = _contents(events, names)
    scored = _scores(events, splits or {}, names)
    sizes = sizes or {}
    nodes: dict[str, LineageNode] = {BASE: LineageNode(BASE, "base", "The library as it was")}
    if BASE in scored:
        nodes[BASE] = replace(nodes[BASE], growth=0, **scored[BASE])
    for one in made.values():
        if one.id != BASE:
            nodes[one.id] = LineageNode(
                one.id,
                "candidate",
                one.summary or one.id,
                one.parents,
                growth=_growth(contents.get(one.id), sizes),
                **scored.get(one.id, {}),
            )
    by_content = {content: name for name, content in contents.items() if name in nodes and content}
    for proposal in proposals:
        _add_proposal(nodes, proposal, by_content, sizes)
    return _placed(_with_frontier(nodes))


def _candidates(events: Iterable[AnyEvent]) -> dict[str, Candidate]:
    """Return what the engine named; one that names nothing has what it had evaluated."""
    found: dict[str, Candidate] = {}
    asked: dict[str, Candidate] = {}
    for event in events:
        if isinstance(event, Candidate) and event.id:
            found[event.id] = event
        elif isinstance(event, EvalRequested) and event.candidate and event.changes:
            asked.setdefault(event.candidate, Candidate(id=event.candidate))
    return found or asked


def _contents(events: Iterable[AnyEvent], names: Mapping[str, str]) -> dict[str, _Content]:
    return {
        names.get(event.candidate, event.candidate): _content(event.changes)
        for event in events
        if isinstance(event, EvalRequested) and not event.without
    }


def _content(changes: Iterable[Change]) -> _Content:
    return frozenset((change.path, change.op, change.new_text) for change in changes)


def _scores(
    events: Iterable[AnyEvent], splits: Mapping[str, str], names: Mapping[str, str]
) -> dict[str, _Scored]:
    results: dict[str, list[EvalResult]] = defaultdict(list)
    for event in events:
        if isinstance(event, EvalResult) and event.score is not None:
            results[names.get(event.candidate, event.candidate)].append(event)
    found: dict[str, _Scored] = {}
    for candidate, all_of in results.items():
        held_out = [one for one in all_of if splits.get(one.task) == "val"]
        counted = held_out or all_of
        by_task: dict[str, list[float]] = defaultdict(list)
        for one in counted:
            by_task[one.task].append(one.score or 0.0)
        means = [sum(scores) / len(scores) for scores in by_task.values()]
        found[candidate] = {
            "score": sum(means) / len(means),
            "n": len(means),
            "split": "val" if held_out else "train",
            "usd": sum(one.usd or 0.0 for one in all_of),
        }
    return found


def _add_proposal(
    nodes: dict[str, LineageNode],
    proposal: Proposal,
    by_content: Mapping[_Content, str],
    sizes: Mapping[str, int],
) -> None:
    """Mark the candidate it is, or add it below its parents."""
    draft = proposal.draft
    if not draft.changes:
        return
    gated = _gated(proposal)
    same = by_content.get(_content(draft.changes)) or _named(draft, nodes)
    if same is not None and not nodes[same].proposal:
        nodes[same] = replace(
            nodes[same],
            kind="proposal",
            title=draft.title,
            proposal=proposal.id,
            level=proposal.gate.level,
            **gated,
        )
        return
    nodes[proposal.id] = LineageNode(
        proposal.id,
        "proposal",
        draft.title,
        draft.lineage.parents,
        growth=_growth(_content(draft.changes), sizes),
        proposal=proposal.id,
        level=proposal.gate.level,
        **gated,
    )


def _named(draft: ProposalDraft, nodes: Mapping[str, LineageNode]) -> str | None:
    """Return the candidate a proposal says it is: its first change or its title has that id."""
    ids = [change.id for change in draft.changes]
    return next((one for one in (*ids, draft.title) if one in nodes and one != BASE), None)


def _gated(proposal: Proposal) -> _Scored:
    table = proposal.gate.table
    if table is None:
        return {}
    # The split candidates are scored on comes first, so that all can be compared.
    for split in ("val", proposal.gate.held_out):
        _, after, n = rates(table, split)
        if after is not None:
            return {"score": after, "n": n, "split": split}
    return {}


def rates(table: PairedTable | None, split: str = "") -> tuple[float | None, float | None, int]:
    """Return the mean score before and after, and of how many paired tasks of a split."""
    rows = [
        row
        for row in (table.rows if table is not None else ())
        if row.before and row.after and split in ("", row.split)
    ]
    if not rows:
        return None, None, 0
    before = sum(sum(row.before) / len(row.before) for row in rows) / len(rows)
    after = sum(sum(row.after) / len(row.after) for row in rows) / len(rows)
    return before, after, len(rows)


def _growth(content: _Content | None, sizes: Mapping[str, int]) -> int | None:
    if content is None:
        return None
    added = 0
    for path, op, text in content:
        after = 0 if op == "delete" else len((text or "").encode("utf-8", "surrogateescape"))
        if text is not None or op == "delete":
            added += after - sizes.get(path, 0)
    return added


def _with_frontier(nodes: dict[str, LineageNode]) -> dict[str, LineageNode]:
    """Mark the versions no other one of the same split beats in score and size."""
    points = [one for one in nodes.values() if one.score is not None and one.growth is not None]

    def beaten(one: LineageNode) -> bool:
        return any(_beats(other, one) for other in points if other.split == one.split)

    best = {one.id for one in points if not beaten(one)}
    return {name: replace(one, frontier=name in best) for name, one in nodes.items()}


def _beats(other: LineageNode, one: LineageNode) -> bool:
    theirs, ours = (other.score or 0.0, other.growth or 0), (one.score or 0.0, one.growth or 0)
    return theirs[0] >= ours[0] and theirs[1] <= ours[1] and theirs != ours


def _placed(nodes: dict[str, LineageNode]) -> tuple[LineageNode, ...]:
    """Give each its depth and lane; parents nobody named, and rings, hang below the library."""
    depths: dict[str, int] = {BASE: 0}
    parents = {
        name: tuple(one for one in node.parents if one in nodes and one != name) or (BASE,)
        for name, node in nodes.items()
    }
    pending = [name for name in nodes if name != BASE]
    while pending:
        ready = [name for name in pending if all(one in depths for one in parents[name])]
        if not ready:  # a ring: cut it at the version that was named first
            ready = pending[:1]
            parents[ready[0]] = (BASE,)
        for name in ready:
            depths[name] = 1 + max(depths[one] for one in parents[name])
        pending = [name for name in pending if name not in depths]
    lanes: dict[int, int] = defaultdict(int)
    found: list[LineageNode] = []
    for name in sorted(nodes, key=lambda name: depths[name]):
        depth = depths[name]
        above = parents[name] if name != BASE else ()
        found.append(replace(nodes[name], depth=depth, lane=lanes[depth], parents=above))
        lanes[depth] += 1
    return tuple(found)


def lineage_lines(nodes: Sequence[LineageNode]) -> list[str]:
    """Return the graph as text, one version a line, indented by depth."""
    return [f"{'  ' * one.depth}{node_words(one)}" for one in nodes]


def node_words(one: LineageNode) -> str:
    """Say what is known of a version."""
    parts = [one.title]
    if one.score is not None:
        tasks = f"{one.n} task" + ("" if one.n == 1 else "s")
        parts.append(f"score {one.score:.2f} on {tasks} ({one.split})")
    else:
        parts.append("not evaluated" if one.kind != "base" else "")
    if one.growth is not None and one.kind != "base":
        parts.append(f"{one.growth:+,} bytes")
    if one.level and one.level != "not_evaluated":
        parts.append(f"gate: {one.level}")
    parts.append("on the frontier" if one.frontier else "")
    return ", ".join(part for part in parts if part)
