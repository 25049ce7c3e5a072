"""The steps that look: check, scan, read traces, let an engine propose, verify its evidence."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from workbench.domain.proposal import Proposal
from workbench.evolution.run import EngineInputs, EvolveResult
from workbench.gui.walk.engines import MINER, run_engine_on, scanners_of
from workbench.gui.walk.ledger import Ledger
from workbench.gui.walk.world import World
from workbench.plugin.jobs import JobRunner
from workbench.security.scan import scan_library
from workbench.skills.check import CLIENTS, check_skill
from workbench.skills.library import read_library
from workbench.traces.evidence import span_text
from workbench.traces.open import OpenTrace

#: Reads versions of a library that were made elsewhere.
IMPORTER = "folder_importer"


class WalkProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """The walkthrough cannot go on; the message says why."""


def check(world: World, ledger: Ledger) -> None:
    """Check every skill for every client."""
    ledger.begin("Check the skills for each client")
    library = read_library(world.library)
    clients = [name for name, client in CLIENTS.items() if not client.reference]
    found = {skill.id: check_skill(skill, clients) for skill in library.skills}
    severities = Counter(one.severity for said in found.values() for one in said)
    ledger.fact(f"{len(library.skills)} skills, {len(clients)} clients: {', '.join(clients)}")
    counts = ", ".join(f"{count} {name}" for name, count in sorted(severities.items()))
    ledger.fact(f"problems: {counts or 'none'}")
    ledger.claim("every skill can be read", not library.problems)
    ledger.claim("the rules find the flaws of the example", bool(severities))


def scan(world: World, ledger: Ledger) -> None:
    """Scan every skill in a child process."""
    ledger.begin("Scan the skills for what may endanger you")
    library = read_library(world.library)
    problems: list[str] = []
    scanners = scanners_of(world)
    with JobRunner(world.folders.runs) as runner:
        scans = scan_library(library, scanners, runner, on_problem=problems.append)
    verdicts = Counter(scan.verdict for scan in scans)
    ledger.fact(f"scanners: {', '.join(one.id for one in scanners) or 'none'}")
    ledger.fact(", ".join(f"{verdicts[word]} {word}" for word in ("dangerous", "review", "clean")))
    ledger.fact(f"{sum(len(one.findings) for one in scans)} findings")
    ledger.claim("every skill has a verdict", len(scans) == len(library.skills))
    ledger.claim("the scanners came to their end", not problems, " ".join(problems))


def read_traces(traces: Sequence[OpenTrace], ledger: Ledger) -> None:
    """Say what was read of the traces."""
    ledger.begin("Read what agents did")
    formats = Counter(trace.trajectory.format for trace in traces)
    runs = [trace.trajectory for trace in traces]
    ledger.fact(f"{len(runs)} runs: " + ", ".join(f"{n} {f}" for f, n in sorted(formats.items())))
    ledger.fact(
        f"{sum(len(run.steps) for run in runs)} steps, {sum(run.tool_calls for run in runs)} tool "
        f"calls, {sum(run.errors for run in runs)} errors, "
        f"{sum(len(run.skill_events) for run in runs)} skill events"
    )
    unparsed = sum(len(run.loss.unparsed) for run in runs)
    ledger.fact(f"{unparsed} records were not understood")
    ledger.claim("every run has steps", all(run.steps for run in runs))


def evolve(world: World, traces: Sequence[OpenTrace], ledger: Ledger) -> EvolveResult:
    """Let the evidence miner propose changes, in a child process, with no model."""
    ledger.begin("Let the evidence miner propose changes, with no network and no model")
    result = run_engine_on(world, MINER, traces)
    ledger.fact(f"{result.engine.id} {result.engine.version}, run {result.job}: {result.status}")
    ledger.fact(f"{len(result.proposals)} proposals, {len(result.diagnoses)} diagnoses")
    for proposal in result.proposals:
        ledger.fact(f"proposed: {proposal.draft.title}")
    ledger.claim("the run came to its end", result.status == "completed", result.summary)
    ledger.claim("no model was called", result.cost.calls == 0)
    ledger.claim("it proposes a change", bool(result.proposals))
    ledger.claim("nothing was refused", not result.refused, " ".join(result.refused))
    return result


def import_version(world: World, traces: Sequence[OpenTrace], ledger: Ledger) -> Proposal:
    """Take in the version of a skill a colleague sends: three changes in one file.

    Raises:
        WalkProblem: the importer proposes nothing.
    """
    ledger.begin("Take in another version of a skill, as a colleague would send it")
    folder = _colleague(world)
    result = run_engine_on(world, IMPORTER, traces, EngineInputs(source=str(folder)))
    ledger.fact(f"{result.engine.id} {result.engine.version}: {result.status}")
    if not result.proposals:
        raise WalkProblem(f"The importer proposes nothing: {result.summary} {result.refused}")
    proposal = result.proposals[0]
    ledger.fact(f"proposed: {proposal.draft.title}")
    return proposal


def verify_evidence(proposals: Sequence[Proposal], ledger: Ledger) -> None:
    """Read the bytes of every quote from its file and compare them, byte for byte."""
    ledger.begin("Verify every evidence link, byte for byte")
    total = right = 0
    hashes: dict[str, str] = {}
    wrong: list[str] = []
    for proposal in proposals:
        checks = {check.evidence: check for check in proposal.checks}
        for evidence in proposal.draft.evidence:
            total += 1
            check = checks.get(evidence.id)
            if check is None or check.span is None:
                wrong.append(f"{proposal.id} {evidence.id} has no place")
                continue
            data = Path(check.source).read_bytes()
            digest = hashes.setdefault(check.source, hashlib.sha256(data).hexdigest())
            piece = data[check.span.offset : check.span.offset + check.span.length]
            if span_text(piece, check.span) == evidence.quote and digest == check.source_sha256:
                right += 1
            else:
                wrong.append(f"{proposal.id} {evidence.id} says something else")
    ledger.fact(f"{total} quotes in {len(hashes)} trace files")
    ledger.claim(
        f"{right} of {total} quotes stand in their file where the proposal says",
        bool(total) and right == total,
        "; ".join(wrong[:5]),
    )


def _colleague(world: World) -> Path:
    """Write the colleague's version: three rules of csv-cleanup, each in a hunk of its own.

    Raises:
        WalkProblem: the example has no such rules any more.
    """
    source = world.library / "csv-cleanup" / "SKILL.md"
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    rules = [number for number, line in enumerate(lines) if line.startswith("- ")]
    if len(rules) < 4:
        raise WalkProblem(f"{source} has no four rules to change.")
    better, worse, longer = rules[0], rules[2], rules[3]
    lines[better] = f"{lines[better].rstrip()} Say which delimiter it found.\n"
    lines[worse] = REJECTED_LINE
    lines[longer] = f"{lines[longer].rstrip()} Try both.\n"
    folder = world.folder / "from-a-colleague" / "csv-cleanup"
    shutil.copytree(source.parent, folder)
    (folder / "SKILL.md").write_bytes("".join(lines).encode())
    return folder.parent


#: The change of the colleague that the reviewer turns down.
REJECTED_LINE = "- Drop rows that do not parse.\n"
