"""Changes of a skill as rows and words. No Qt widgets."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from workbench.domain.text import counted
from workbench.gui.review.diff.emphasis import visible
from workbench.gui.review.header import local_time
from workbench.gui.widgets.badge import Tone
from workbench.gui.widgets.two_line_row import TwoLines
from workbench.review.history.bisect import Bisection, VersionResult
from workbench.review.history.skill_lineage import LineageRow
from workbench.review.history.timeline import EntryKind, TimelineEntry

_MOST: Final = 300
KIND_WORDS: Final[dict[EntryKind, str]] = {
    "edit": "edit",
    "applied": "applied",
    "reverted": "revert",
    "merge": "merge",
    "uncommitted": "not committed",
}
KIND_TONES: Final[dict[EntryKind, Tone]] = {
    "edit": "neutral",
    "applied": "success",
    "reverted": "warning",
    "merge": "neutral",
    "uncommitted": "info",
}
KIND_ICONS: Final[dict[EntryKind, str]] = {
    "edit": "edit",
    "applied": "review",
    "reverted": "undo",
    "merge": "branch",
    "uncommitted": "dot",
}
#: The colour of a kind of change in gutters.
KIND_TOKENS: Final[dict[EntryKind, str]] = {
    "edit": "border_strong",
    "applied": "accent",
    "reverted": "warning",
    "merge": "text_muted",
    "uncommitted": "info",
}
_LEVELS: Final[dict[str, Tone]] = {
    "supported": "success",
    "promising": "info",
    "rejected": "error",
    "not_evaluated": "neutral",
}
_VERDICTS: Final[dict[str, tuple[str, Tone]]] = {
    "found": ("broken", "error"),
    "narrowed": ("broken", "error"),
    "never_passed": ("never passed", "warning"),
    "passes_now": ("passes", "success"),
    "unknown": ("unknown", "neutral"),
}


def short_text(text: str) -> str:
    """Return the words of a stranger as they can be shown: not too long, nothing hidden in them."""
    told = visible(text[:_MOST])
    return told if len(text) <= _MOST else f"{told}…"


def name_of(author: str) -> str:
    """Return the name of "Name <mail>"."""
    return visible(author[:_MOST]).partition(" <")[0] or "unknown"


@lru_cache(maxsize=4096)
def when(time: str) -> str:
    """Return a time for people, "" where it is not known."""
    return local_time(time) if time else ""


def level_badge(gate: str) -> tuple[str, Tone] | None:
    """Return the badge of a gate's level, None where the change had none."""
    level = gate.split(" ", 1)[0]
    if level not in _LEVELS:
        return None
    return level.replace("_", " "), _LEVELS[level]


def kind_badge(entry: TimelineEntry) -> tuple[str, Tone]:
    """Return the badge of the kind of a change."""
    if entry.taken_back:
        return "taken back", "warning"
    return KIND_WORDS[entry.kind], KIND_TONES[entry.kind]


def change_title(entry: TimelineEntry, skill: str) -> str:
    """Return the title of a change without the name of its skill in front."""
    rest = entry.title.removeprefix(f"{skill}: ")
    if rest != entry.title:
        rest = rest[:1].upper() + rest[1:]
    return short_text(rest) or "No message"


def change_row(entry: TimelineEntry, skill: str) -> TwoLines:
    """Return a change as a row of the timeline of a skill."""
    badges: tuple[tuple[str, Tone], ...] = ()
    if entry.kind != "edit":
        badges = (kind_badge(entry),)
    who = name_of(entry.author) if entry.author else _without_author(entry)
    if entry.kind == "applied" and entry.engine:
        who = engine_name(entry.engine)
    tip = "\n".join(part for part in (entry.title, entry.author, entry.commit) if part)
    date = when(entry.time)
    if badges:
        date = date[:10]  # the badge needs the room of the hour
    return TwoLines(
        title=change_title(entry, skill),
        detail=f"{date} · {who}" if date else who,
        badges=badges,
        icon=KIND_ICONS[entry.kind],
        token="text_muted" if entry.kind in ("edit", "merge") else KIND_TOKENS[entry.kind],
        faint=entry.taken_back,
        below=True,
        tip=tip,
    )


def _without_author(entry: TimelineEntry) -> str:
    return "in the work tree" if entry.kind == "uncommitted" else "nobody knows who"


def engine_name(engine: str) -> str:
    """Return the id of an engine as words, without its version and settings."""
    return engine.split(" ", 1)[0].replace("_", " ")


def task_row(one: Bisection) -> TwoLines:
    """Return a task as a row."""
    known = sum(version.passed is not None for version in one.versions)
    return TwoLines(
        title=one.task,
        detail=f"{counted(known, 'version')} with results",
        badges=(_VERDICTS[one.verdict],),
        icon="error" if one.bad is not None else "check-circle",
        token="error" if one.bad is not None else "text_muted",
        tip=one.said,
    )


def version_row(one: VersionResult, found: Bisection) -> TwoLines:
    """Return a version with its runs of a task as a row."""
    badge: tuple[str, Tone] = ("no result", "neutral")
    if one.passed is not None:
        badge = ("passed", "success") if one.passed else ("failed", "error")
    badges = [badge]
    if found.bad == one.entry:
        badges = [("fails" if found.missing else "first to fail", "error")]
    elif found.evaluate == one.entry:
        badges.insert(0, ("run this next", "info"))
    runs = ", ".join(f"{run.score:g} ({run.source})" for run in one.runs)
    return TwoLines(
        title=short_text(one.entry.title),
        detail=runs or ("may be the one" if one.entry in found.suspects else "nothing is stored"),
        aside=one.entry.commit[:8],
        badges=tuple(badges),
        icon=KIND_ICONS[one.entry.kind],
        token=KIND_TOKENS[one.entry.kind],
        faint=one.passed is None and one.entry not in found.suspects,
    )


def lineage_row(one: LineageRow) -> TwoLines:
    """Return a proposal in its place as a row."""
    tones: dict[str, Tone] = {
        "applied": "success",
        "reverted": "warning",
        "rejected": "error",
        "stale": "warning",
    }
    badges: list[tuple[str, Tone]] = [
        (one.status.replace("_", " "), tones.get(one.status, "neutral"))
    ]
    if not one.stored:
        badges.insert(0, ("not in the store", "warning"))
    level = level_badge(one.level)
    if level is not None:
        badges.append(level)
    said = [f"{engine_name(one.engine)} · {when(one.created)}"]
    if one.parent:
        said.append(f"{one.relation} {one.parent}")
    if one.names:
        said.append(f"comes of {', '.join(one.names)}")
    if one.alternatives:
        said.append(f"alternative to {', '.join(one.alternatives)}")
    return TwoLines(
        title=short_text(one.title),
        detail=" · ".join(said),
        aside=one.commit[:8],
        badges=tuple(badges),
        icon="review" if one.stored else "warning",
        token="accent" if one.commit else "text_muted",
        faint=not one.stored,
        tip=f"{one.id}\n{'; '.join(said)}",
        depth=one.depth,
    )
