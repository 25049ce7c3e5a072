"""Lines of a hunk as text to be edited, and back. No Qt.

A text field knows one line end; files have three, and a last line may have none. What a person did
not touch comes back byte for byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher


def text_of(lines: Sequence[str]) -> str:
    """Return lines as the text of a field, without the line end of the last one."""
    return "\n".join(_content(line) for line in lines)


def lines_of(text: str, like: Sequence[str], around: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the text of a field as lines of a file.

    Lines that ``like`` has too keep their end, new ones take the most frequent end of ``like`` and
    ``around``. The last line ends as the last of ``like`` does.
    """
    if not text:
        return tuple(like) if like and not text_of(like) else ()
    contents = text.split("\n")
    old = [_content(line) for line in like]
    usual = _most_frequent([*like, *around])
    ends = [usual] * len(contents)
    matcher = SequenceMatcher(None, old, contents, autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            ends[block.b + offset] = _end_of(like[block.a + offset]) or usual
    if like and not _end_of(like[-1]):
        ends[-1] = ""
    return tuple(content + end for content, end in zip(contents, ends, strict=True))


def _content(line: str) -> str:
    return line[: len(line) - len(_end_of(line))]


def _end_of(line: str) -> str:
    if line.endswith("\r\n"):
        return "\r\n"
    return line[-1:] if line.endswith(("\n", "\r")) else ""


def _most_frequent(lines: Sequence[str]) -> str:
    ends = Counter(end for line in lines if (end := _end_of(line)))
    return ends.most_common(1)[0][0] if ends else "\n"
