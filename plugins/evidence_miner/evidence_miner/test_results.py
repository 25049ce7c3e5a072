"""Results of single tests in the output of test runners."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HINT = re.compile(r"PASS|FAIL|ERROR|\bok\b|✓|✗|✕|✔|✘")
#: One pattern a runner, with the groups ``name`` and ``word``: pytest (verbose, summary),
#: unittest and cargo, go, TAP, and the ticks of node's runners.
_LINES = (
    re.compile(
        r"^(?P<name>\S+::\S.*?)\s+(?P<word>PASSED|FAILED|ERROR|XPASS|XFAIL)\b(?:\s+\[\s*\d+%\])?\s*$"
    ),
    re.compile(r"^(?P<word>PASSED|FAILED|ERROR) (?P<name>\S+::\S+)(?: - .*)?$"),
    re.compile(
        r"^(?:test )?(?P<name>[\w.:]+(?: \([\w.]+\))?) \.\.\. (?P<word>ok|FAIL(?:ED)?|ERROR)$"
    ),
    re.compile(r"^\s*--- (?P<word>PASS|FAIL): (?P<name>\S+) \([\d.]+s\)$"),
    re.compile(r"^(?P<word>ok|not ok) \d+ (?:- )?(?P<name>[^#]+?)(?: #.*)?$"),
    re.compile(r"^\s*(?P<word>[✓✔✗✕✘])\s+(?P<name>\S.*?)(?:\s+\(\d+(?:\.\d+)? ?m?s\))?$"),
)
_PASSED = frozenset({"PASSED", "XPASS", "PASS", "ok", "✓", "✔"})
_NEITHER = frozenset({"XFAIL"})
_MAX_LINE = 400
_MAX_TESTS = 5000


@dataclass(frozen=True)
class SeenTest:
    """One result: ``quote`` is the line that says so, an exact part of the step."""

    name: str
    passed: bool
    step: int
    quote: str


def results_in(text: str, step: int) -> Iterator[SeenTest]:
    """Yield the results a text shows, in order."""
    if not _HINT.search(text):
        return
    for line in text.split("\n")[: _MAX_TESTS * 4]:
        if len(line) > _MAX_LINE or not _HINT.search(line):
            continue
        stripped = line.strip()
        for pattern in _LINES:
            found = pattern.match(line.rstrip())
            if found is not None and found["word"] not in _NEITHER:
                yield SeenTest(_name(found["name"]), found["word"] in _PASSED, step, stripped)
                break


def _name(name: str) -> str:
    """Return the name without the folder its file was run from."""
    file, sign, rest = name.partition("::")
    return f"{file.rpartition('/')[2]}{sign}{rest}" if sign else name
