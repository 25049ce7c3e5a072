"""Lines and how two texts differ."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Hashable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final, Generic, Literal, TypeVar, cast

import merge3
from msgspec import Struct

from workbench.store.git import GitProblem
from workbench.store.gitcommand import run_git

Line = TypeVar("Line", bound=Hashable)

#: Above this, git's histogram diff is used where there is git: difflib is quadratic at worst.
MANY_LINES: Final = 5000

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")
_GIT_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


class Matcher(SequenceMatcher[Line], Generic[Line]):
    """A matcher that takes frequent lines as seriously as rare ones."""

    def __init__(self, _junk: None, a: Sequence[Line], b: Sequence[Line]) -> None:
        super().__init__(None, a, b, autojunk=False)


def split_lines(text: str) -> tuple[str, ...]:
    r"""Split at ``\n``, ``\r\n`` and ``\r`` alone; every line keeps its end, nothing is lost."""
    return tuple(_LINE.findall(text))


def decoded(data: bytes) -> str | None:
    """Return the text of a file, None when it is binary: not UTF-8, or with a NUL in it."""
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def changed_ranges(
    old: Sequence[str], new: Sequence[str], *, many: int = MANY_LINES
) -> tuple[tuple[int, int, int, int], ...]:
    """Return where the lines differ, as (old start, old end, new start, new end), in order.

    Between two ranges there is at least one line that both have.
    """
    start = 0
    shortest = min(len(old), len(new))
    while start < shortest and old[start] == new[start]:
        start += 1
    tail = 0
    while tail < shortest - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    left, right = old[start : len(old) - tail], new[start : len(new) - tail]
    ranges = None
    if len(left) + len(right) > many:
        ranges = _by_git(left, right)
    if ranges is None:
        codes = Matcher(None, left, right).get_opcodes()
        ranges = [(i1, i2, j1, j2) for tag, i1, i2, j1, j2 in codes if tag != "equal"]
    return tuple(
        (i1 + start, i2 + start, j1 + start, j2 + start) for i1, i2, j1, j2 in _joined(ranges)
    )


class Region(Struct, frozen=True):
    """A piece of a three-way merge; ``kind`` says which side it is taken from.

    ``line`` is where a conflict begins in ``ours``, from 1.
    """

    kind: Literal["unchanged", "same", "ours", "theirs", "conflict"]
    base: tuple[str, ...]
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    line: int = 0

    @property
    def lines(self) -> tuple[str, ...]:
        """The merged lines; of a conflict those of ``theirs``."""
        if self.kind in ("conflict", "theirs"):
            return self.theirs
        return self.base if self.kind == "unchanged" else self.ours


def three_way(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]
) -> tuple[Region, ...]:
    """Merge two descendants of ``base``, line by line."""
    matcher = cast("type[Any]", Matcher)
    regions: list[Region] = []
    for region in merge3.Merge3(base, ours, theirs, sequence_matcher=matcher).merge_regions():
        # (kind, start, end), and of a conflict (kind, base start, base end, ours ..., theirs ...).
        kind, places = region[0], [place or 0 for place in region[1:]]
        if kind == "conflict":
            z, ze, a, ae, b, be = places
            sides = tuple(base[z:ze]), tuple(ours[a:ae]), tuple(theirs[b:be])
            regions.append(Region("conflict", *sides, a + 1))
            continue
        start, end = places
        if kind == "unchanged":
            regions.append(Region("unchanged", tuple(base[start:end]), (), ()))
        elif kind == "b":
            regions.append(Region("theirs", (), (), tuple(theirs[start:end])))
        else:
            side: Literal["same", "ours"] = "same" if kind == "same" else "ours"
            regions.append(Region(side, (), tuple(ours[start:end]), ()))
    return tuple(regions)


def _by_git(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]] | None:
    """Diff with git, on numbers instead of lines: no encoding, line end or attribute matters."""
    numbers: dict[str, int] = {}
    command = ["diff", "--no-index", "--no-ext-diff", "--no-textconv", "--no-color", "--text"]
    command += ["--unified=0", "--inter-hunk-context=0", "--histogram", "--", "old", "new"]
    with tempfile.TemporaryDirectory(prefix="skill-workbench-diff-") as folder:
        for name, lines in (("old", old), ("new", new)):
            text = "".join(f"{numbers.setdefault(line, len(numbers))}\n" for line in lines)
            (Path(folder) / name).write_text(text, encoding="ascii", newline="")
        try:
            answer = run_git(command, Path(folder))
        except GitProblem:
            return None
    if answer.returncode not in (0, 1):
        return None
    ranges: list[tuple[int, int, int, int]] = []
    for match in _GIT_HUNK.finditer(answer.stdout):
        at, count, to, many = (1 if part is None else int(part) for part in match.groups())
        # With no lines on a side, git names the line before.
        i1, j1 = (at - 1 if count else at), (to - 1 if many else to)
        ranges.append((i1, i1 + count, j1, j1 + many))
    return ranges


def _joined(ranges: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    joined: list[tuple[int, int, int, int]] = []
    for i1, i2, j1, j2 in ranges:
        if joined and joined[-1][1] == i1 and joined[-1][3] == j1:
            joined[-1] = (joined[-1][0], i2, joined[-1][2], j2)
        else:
            joined.append((i1, i2, j1, j2))
    return joined
