"""The changed lines of one hunk: pairs, changed words, blanks, line ends. No Qt."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from workbench.gui.review.diff.emphasis import shown
from workbench.gui.review.diff.line import DiffLine, DiffOptions, LineKind
from workbench.review.text_diff.blanks import change_of, ends_of, line_end, without_blanks
from workbench.review.text_diff.diff import changed_ranges
from workbench.review.text_diff.word_diff import changed_spans, pairs_of

_HIDDEN = "Only whitespace changes here, and that is hidden. It is applied with the hunk."
_END_SIGNS = {"none": "no line end"}


class Changes:
    """Makes lines of one hunk, which has the place ``hunk`` among all of them."""

    def __init__(self, hunk: int, options: DiffOptions) -> None:
        self.hunk = hunk
        self._options = options
        self._pairs = 0

    def line(self, kind: LineKind, text: str, old: int = 0, new: int = 0) -> DiffLine:
        """Return one line of a file as it is shown."""
        readable, signs = shown(
            text, every=self._options.show_blanks, trailing=kind in ("add", "remove")
        )
        return DiffLine(kind, readable, self.hunk, old, new, signs=signs)

    def lines(
        self, base: Sequence[str], new: Sequence[str], first: int, first_new: int
    ) -> list[DiffLine]:
        """Return lines that go and come; the first ones have these line numbers."""
        if not base and not new:
            return []
        if self._options.hide_blanks and change_of(base, new) != "text":
            return [DiffLine("note", _HIDDEN, self.hunk)]
        gone = [self.line("remove", text, first + at) for at, text in enumerate(base)]
        come = [self.line("add", text, 0, first_new + at) for at, text in enumerate(new)]
        if _ends_differ(base, new):
            gone = [_with_end(line, text) for line, text in zip(gone, base, strict=True)]
            come = [_with_end(line, text) for line, text in zip(come, new, strict=True)]
        pairs = [] if self._options.quick else self._paired(gone, come)
        lines: list[DiffLine] = []
        i = j = 0
        for one, other in pairs if self._options.hide_blanks else ():
            if without_blanks(base[one]) == without_blanks(new[other]):
                lines += [*gone[i:one], *come[j:other]]
                lines.append(replace(come[other], kind="context", old=first + one, words=()))
                i, j = one + 1, other + 1
        lines += gone[i:]
        lines += self._end_note(base, new, "before")
        lines += come[j:]
        lines += self._end_note(new, base, "after")
        return lines

    def values(
        self,
        before: Sequence[str],
        after: Sequence[str],
        *,
        items: bool = False,
        numbers: tuple[Sequence[int], Sequence[int]] = ((), ()),
    ) -> list[DiffLine]:
        """Return lines that are no lines of a file: facts, values of a key, items of a list.

        ``numbers`` are those of the lines of the file on both sides where they stand, if known.
        """
        mark = "- " if items else ""
        gone = [replace(self.line("remove", f"{mark}{one}"), state="value") for one in before]
        come = [replace(self.line("add", f"{mark}{one}"), state="value") for one in after]
        for at, number in enumerate(numbers[0][: len(gone)]):
            gone[at] = replace(gone[at], old=number)
        for at, number in enumerate(numbers[1][: len(come)]):
            come[at] = replace(come[at], new=number)
        if not items:
            self._paired(gone, come)
            return [*gone, *come]
        lines: list[DiffLine] = []
        at = 0
        for i1, i2, j1, j2 in changed_ranges(before, after):
            lines += [replace(line, kind="context", old=0) for line in gone[at:i1]]
            parts = gone[i1:i2], come[j1:j2]
            self._paired(*parts)
            lines += [*parts[0], *parts[1]]
            at = i2
        return [*lines, *(replace(line, kind="context", old=0) for line in gone[at:])]

    def _paired(self, gone: list[DiffLine], come: list[DiffLine]) -> list[tuple[int, int]]:
        """Mark what became what, and the words that changed; return the pairs."""
        pairs = pairs_of([line.text for line in gone], [line.text for line in come])
        for i, j in pairs:
            spans = changed_spans(gone[i].text, come[j].text)
            if spans is None:
                continue
            self._pairs += 1
            gone[i] = replace(gone[i], words=spans[0], pair=self._pairs)
            come[j] = replace(come[j], words=spans[1], pair=self._pairs)
        return pairs

    def _end_note(self, lines: Sequence[str], others: Sequence[str], side: str) -> list[DiffLine]:
        """Say what cannot be seen in the lines: their ends, where the two sides differ in them."""
        ends = ends_of(lines)
        if not lines or ends == ("LF",) or ends == ends_of(others):
            return []
        known = sorted(end for end in ends if end != "none")
        words = [f"line ends {side}: {', '.join(known)}"] if known else []
        if "none" in ends:
            words.append(f"no line end at the end of the file {side}")
        return [DiffLine("note", words[0][:1].upper() + "; ".join(words)[1:], self.hunk)]


def _ends_differ(base: Sequence[str], new: Sequence[str]) -> bool:
    return bool(base) and bool(new) and ends_of(base) != ends_of(new)


def _with_end(line: DiffLine, text: str) -> DiffLine:
    """Write the name of the line's end behind it."""
    end = line_end(text)
    return replace(line, signs=f"{line.signs.ljust(len(line.text))} {_END_SIGNS.get(end, end)}")
