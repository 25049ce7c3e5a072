"""A hunk in words, for a screen reader and for the clipboard. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from workbench.gui.review.diff.line import DiffLine

_SIGNS = {"add": "+", "remove": "-", "context": " "}
_SPOKEN = {"add": "Added", "remove": "Removed"}
_STATES = {"rewritten": "same value, written otherwise"}
#: So many characters are read out; the rest is read line by line on request.
_MOST = 2000


def as_text(lines: Sequence[DiffLine]) -> str:
    """Return lines with their signs, as a patch has them."""
    return "".join(f"{_SIGNS[line.kind]}{line.text}\n" for line in lines if line.kind in _SIGNS)


def spoken(lines: Sequence[DiffLine]) -> str:
    """Return what goes, what comes, what moved, in words; unchanged lines are left out."""
    parts: list[str] = []
    told = [line for line in lines if line.kind not in ("file", "hunk", "context")]
    some = _first(told)
    for (kind, moves), group in groupby(some, key=lambda line: (line.kind, line.twin >= 0)):
        texts = list(group)
        if kind in _SPOKEN:
            word = f"{_SPOKEN[kind]}, moved" if moves else _SPOKEN[kind]
            parts.append(f"{word}: {_joined(texts)}")
        elif kind == "key":
            parts += [f"Key {one.text}, {_STATES.get(one.state, one.state)}." for one in texts]
        elif kind == "comment":
            parts.append(f"Comment: {' '.join(one.text for one in texts)}.")
        elif kind in ("note", "move"):
            parts += [f"{one.text}." for one in texts]
    text = " ".join(parts)
    text = f"{text[:_MOST]} …" if len(text) > _MOST else text
    left = len(told) - len(some)
    return f"{text} And {left:,} lines more." if left else text


def _first(lines: Sequence[DiffLine]) -> Sequence[DiffLine]:
    """Return the lines that are read out: as many as fit, at least one."""
    length = 0
    for at, line in enumerate(lines):
        length += len(line.text)
        if length > _MOST:
            return lines[: at + 1]
    return lines


def _joined(lines: Sequence[DiffLine]) -> str:
    """Return lines as one text; blanks and line ends that have a sign are named."""
    texts: list[str] = []
    for line in lines:
        end = line.signs[len(line.text) :].strip() if len(line.signs) > len(line.text) else ""
        blanks = "blanks at the end" if line.signs and line.text[-1:].isspace() else ""
        told = ", ".join(part for part in (blanks, end) if part)
        texts.append(f"{line.text or 'empty line'}{f' ({told})' if told else ''}")
    return "; ".join(texts)
