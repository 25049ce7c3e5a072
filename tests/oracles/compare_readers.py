"""How our readings agree with those of other readers, as a table in Markdown.

``python -m tests.oracles.compare_readers FOLDER ... --peer-python PEER/bin/python`` from the
checkout. The peers (agentpile, atif-make, atif, agent-trajectory, inspect-ai) live in an
environment of their own; they are no dependency of the project. ``--details`` lists each
difference with its file, so that the bytes can be asked who is right.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.domain.trajectory import Loss
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace, detect, open_traces

PEER = Path(__file__).with_name("peer_readers.py")
#: What is compared; a number where only the number is.
MEASURES = ("user", "agent", "calls", "results", "input", "output")
_BEGINNING = 160
#: What peers write into a text that was not in it.
_PLACEHOLDER = re.compile(
    r"\[(?:image|media attached: [\w-]+|\w+ part: original in agentpile extension)\]"
    r"|\A\s*Error: |\A\s*<tool_use_error>(?:Error: )?|</tool_use_error>\s*\Z"
)


class Reading:
    """What we read of one file, in the terms the peers are asked in."""

    def __init__(self, path: Path, format_id: str) -> None:
        self.path = path
        self.format = format_id
        self.traces = self.steps = 0
        self.loss: list[Loss] = []
        self.outcomes: Counter[str] = Counter()
        self.seen: dict[str, Any] = {"user": [], "agent": [], "calls": [], "results": []}
        self.seen |= {"input": None, "output": None, "elsewhere": []}

    def take(self, trace: OpenTrace) -> None:
        """Add a trajectory and its subagents."""
        made = trace.trajectory
        self.traces += 1
        self.steps += len(made.steps)
        self.loss.append(made.loss)
        self.outcomes[made.outcome.status] += 1
        for key in ("input", "output"):
            value = getattr(made.totals, key)
            if value is not None:
                self.seen[key] = (self.seen[key] or 0) + value
        for step in made.steps:
            body = trace.body(step.index)
            who = step.kind if step.kind in ("user", "agent") else "elsewhere"
            self.seen[who].append(body.text)
            self.seen["elsewhere"].append(body.reasoning)
            self.seen["elsewhere"] += body.notes
            self.seen["calls"] += [call.name for call in step.tool_calls]
            self.seen["results"] += [call.observation or "" for call in body.tool_calls]
        for child in trace.children:
            self.take(child)


def read_ours(roots: Sequence[Path]) -> Iterator[Reading]:
    """Read every trace below the folders, each file once by its content."""
    known: set[bytes] = set()
    for root in roots:
        for path in sorted(root.rglob("*")) if root.is_dir() else [root]:
            if path.is_symlink() or not path.is_file():
                continue
            with contextlib.suppress(TraceError):
                format_id = detect(path)
                content = path.read_bytes()
                if format_id is None or content in known:
                    continue
                known.add(content)
                reading = Reading(path, format_id)
                for trace in open_traces(path):
                    with trace:
                        reading.take(trace)
                yield reading


def read_peers(peer_python: str, readings: Sequence[Reading]) -> Iterator[dict[str, Any]]:
    """Ask the peers about the files we read."""
    asked = "".join(
        json.dumps({"path": str(one.path), "format": one.format}) + "\n" for one in readings
    )
    # The environment's own python runs our script: nothing of a trace is run.
    made = subprocess.run(
        [peer_python, str(PEER)], input=asked, capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise SystemExit(f"The peers' readers failed: {made.stderr[-2000:]}")
    for line in made.stdout.splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def compared(ours: Mapping[str, Any], peer: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return, for each measure both have, how they agree, and why not.

    "equal", "ours more", "peer more", "differ"; "other place" when we have every text the peer has,
    some as another kind of step (what a peer calls a prompt we show as a command's output, say).
    Texts are compared by their beginnings without white space: peers cut and trim, and write
    ``[image]`` where one stands.
    """
    found: dict[str, tuple[str, str]] = {}
    told = [text for key in ("user", "agent", "results", "elsewhere") for text in ours[key]]
    anywhere = "\0".join("".join(text.split()) for text in told)
    for key in MEASURES:
        mine, theirs = ours[key], peer[key]
        if not isinstance(mine, list):
            if mine is None and theirs in (None, 0):
                continue
            if theirs is not None:
                found[key] = _verdict(mine != theirs and mine, mine != theirs and theirs)
            continue
        left, right = _bag(key, mine), _bag(key, theirs)
        if not left and not right:
            continue
        here, there = list((left - right).elements()), list((right - left).elements())
        found[key] = _verdict(here, there)
        if there and key != "calls" and all(text in anywhere for text in there):
            found[key] = ("other place", found[key][1])
    return found


def _bag(key: str, values: Sequence[str]) -> Counter[str]:
    if key == "calls":
        return Counter(values)
    plain = (_PLACEHOLDER.sub("", text) for text in values)
    squeezed = ("".join(text.split())[:_BEGINNING] for text in plain)
    return Counter(text for text in squeezed if text)


def _verdict(more_here: Any, more_there: Any) -> tuple[str, str]:
    if not more_here and not more_there:
        return "equal", ""
    word = "differ" if more_here and more_there else "ours more" if more_here else "peer more"
    return word, f"only ours: {str(more_here)[:400]} | only theirs: {str(more_there)[:400]}"


def loss_table(readings: Sequence[Reading]) -> list[str]:
    """Return the table of what was read and what became of every record."""
    lines = [
        "| format | files | traces | steps | records | mapped | attached | duplicate | shown raw "
        "or left out | unparsed | outcome known |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for format_id in sorted({one.format for one in readings}):
        group = [one for one in readings if one.format == format_id]
        loss = [entry for one in group for entry in one.loss]
        ignored = sum(entry.count for one in loss for entry in one.ignored)
        known = sum(one.traces - one.outcomes["unknown"] for one in group)
        cells = [
            len(group),
            sum(one.traces for one in group),
            sum(one.steps for one in group),
            *(sum(getattr(e, key) for e in loss) for key in ("lines", "mapped", "attached")),
            *(sum(e.duplicate for e in loss), ignored, sum(len(e.unparsed) for e in loss)),
            known,
        ]
        lines.append(f"| {format_id} | " + " | ".join(str(cell) for cell in cells) + " |")
    return lines


def agreement_table(
    readings: Sequence[Reading], answers: Sequence[Mapping[str, Any]]
) -> tuple[list[str], list[str]]:
    """Return the table of agreement, and every difference."""
    by_path = {str(one.path): one for one in readings}
    counts: defaultdict[tuple[str, str], defaultdict[str, Counter[str]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    details: list[str] = []
    for answer in answers:
        ours = by_path[answer["path"]]
        row = counts[ours.format, answer["reader"]]
        if "seen" not in answer:
            row["files"]["not read"] += 1
            details.append(f"{ours.format} {answer['reader']} {ours.path}: {answer['problem']}")
            continue
        row["files"]["read"] += 1
        for key, (verdict, why) in compared(ours.seen, answer["seen"]).items():
            row[key][verdict] += 1
            if why:
                details.append(f"{ours.format} {answer['reader']} {key} {ours.path}: {why}")
    lines = ["| format | reader | files both read | " + " | ".join(MEASURES) + " |"]
    lines.append("|---|---|--:|" + "---|" * len(MEASURES))
    for (format_id, reader), row in sorted(counts.items()):
        read = f"{row['files']['read']} of {row['files'].total()}"
        cells = [_cell(row[key]) for key in MEASURES]
        lines.append(f"| {format_id} | {reader} | {read} | " + " | ".join(cells) + " |")
    return lines, details


def _cell(counted: Counter[str]) -> str:
    if not counted:
        return "–"
    told = [f"{counted['equal']}/{counted.total()} equal"]
    told += [f"{count} {word}" for word, count in counted.items() if word != "equal"]
    return ", ".join(told)


def main() -> int:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("roots", nargs="+", type=Path)
    parser.add_argument("--peer-python", help="python of the environment with the peers")
    parser.add_argument("--details", type=Path, help="write every difference to this file")
    arguments = parser.parse_args()
    readings = list(read_ours(arguments.roots))
    lines = loss_table(readings)
    if arguments.peer_python:
        answers = list(read_peers(arguments.peer_python, readings))
        table, details = agreement_table(readings, answers)
        lines += ["", *table]
        if arguments.details:
            arguments.details.write_text("\n".join(details) + "\n", "utf-8")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
