"""New text that stands word for word somewhere else: in another skill, or in a trace.

Public traces quote proprietary skills, and engines copy their examples (GEPA issue 261; evolution
reference, section 8.3, November 2026). What is found is a reason to look at the licence, not a
verdict: common phrases are short of the limit, commands and quotes may be over it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

#: So many words in a row are more than chance in prose (plagiarism detection commonly takes 8-12).
LEAST_WORDS: Final = 12
#: Of one source so many passages are told; the longest first.
_MOST: Final = 3
_WORD: Final = re.compile(r"[\w'’]+")
_SHOWN: Final = 160
#: Words of a mark, and from one mark of a source to the next.
_MARK: Final = LEAST_WORDS // 2
_MARK_STEP: Final = LEAST_WORDS - _MARK + 1


class TextSource(Struct, frozen=True):
    """Something new text may have been taken from. ``licence`` is "" where none is named.

    ``kind`` is "skill" for one of the library, "installed" for one elsewhere, "trace" for a trace.
    ``place`` is the file it stands in, ``first_line`` the line of that file the text begins at;
    ``steps`` of a trace are pairs of an offset in the text and the step that begins there.
    """

    name: str
    kind: str
    text: str
    licence: str = ""
    place: str = ""
    first_line: int = 1
    trajectory: str = ""
    steps: tuple[tuple[int, int], ...] = ()


class Copied(Struct, frozen=True):
    """A passage of the new text of ``path`` that the source has too.

    ``line`` is where it begins in the new file, ``source_line`` where in ``source_path``; of a
    trace the step ``source_step`` of ``source_trajectory`` says it. Lines count from 1, 0 is
    unknown.
    """

    path: str
    source: str
    kind: str
    licence: str
    words: int
    passage: str
    line: int = 0
    source_path: str = ""
    source_line: int = 0
    source_trajectory: str = ""
    source_step: int | None = None


def copied_passages(
    path: str,
    added: str,
    sources: Iterable[TextSource],
    *,
    least: int = LEAST_WORDS,
) -> tuple[Copied, ...]:
    """Return passages of the added text that a source has word for word, the longest first.

    Words are compared without case and punctuation; a line's end does not end a passage.
    """
    words = _words(added)
    if len(words) < least:
        return ()
    places = _grams([word for word, _, _ in words], least)
    found: list[Copied] = []
    for source in sources:
        other = _words(source.text)
        for start, end, there in _longest(_shared(places, words, other, least)):
            one = Copied(
                path=path,
                source=source.name,
                kind=source.kind,
                licence=source.licence,
                words=end - start,
                passage=_passage(added, words, start, end),
                line=added.count("\n", 0, words[start][1]) + 1,
            )
            found.append(_placed(one, source, other[there][1]))
    return tuple(sorted(found, key=lambda one: (-one.words, one.source)))


def _placed(copied: Copied, source: TextSource, offset: int) -> Copied:
    """Return it with the place in the source, which is at a character of its text."""
    step = max((one for one in source.steps if one[0] <= offset), default=None)
    line = 0 if source.steps else source.text.count("\n", 0, offset) + source.first_line
    return replace(
        copied,
        source_path=source.place,
        source_line=line,
        source_trajectory=source.trajectory,
        source_step=None if step is None else step[1],
    )


def word_marks(text: str) -> frozenset[int]:
    """Return marks of a source that rule it out without comparing it.

    They are hashes of six words at every seventh word. Of twelve words in a row, seven places begin
    six, and one of these seven is a seventh place: no passage of ``LEAST_WORDS`` goes unseen. The
    scheme is that of fingerprints of document parts (Manber 1994; Schleimer et al. 2003).
    """
    words = [word.lower() for word in _WORD.findall(text)]
    return frozenset(
        hash(tuple(words[at : at + _MARK])) for at in range(0, len(words) - _MARK + 1, _MARK_STEP)
    )


def marks_of_added(text: str) -> frozenset[int]:
    """Return the marks at every place of a new text, to be held against those of sources."""
    words = [word.lower() for word in _WORD.findall(text)]
    return frozenset(hash(tuple(words[at : at + _MARK])) for at in range(len(words) - _MARK + 1))


def _words(text: str) -> list[tuple[str, int, int]]:
    return [(one[0].lower(), one.start(), one.end()) for one in _WORD.finditer(text)]


def _grams(words: Sequence[str], size: int) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at in range(len(words) - size + 1):
        found[tuple(words[at : at + size])].append(at)
    return found


def _shared(
    places: dict[tuple[str, ...], list[int]],
    words: Sequence[tuple[str, int, int]],
    source: Sequence[tuple[str, int, int]],
    least: int,
) -> Iterator[tuple[int, int, int]]:
    """Yield ranges of words of the added text that the source has in a row, and where it does."""
    other = [word for word, _, _ in source]
    plain = [word for word, _, _ in words]
    at = 0
    while at <= len(other) - least:
        starts = places.get(tuple(other[at : at + least]))
        if not starts:
            at += 1
            continue
        longest = 0
        for start in starts:
            end, there = start + least, at + least
            while end < len(plain) and there < len(other) and plain[end] == other[there]:
                end, there = end + 1, there + 1
            longest = max(longest, end - start)
            yield start, end, at
        at += longest - least + 1


def _longest(ranges: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return the longest ranges that do not overlap."""
    chosen: list[tuple[int, int, int]] = []
    for start, end, there in sorted(set(ranges), key=lambda one: (one[0] - one[1], one)):
        if all(end <= first or start >= last for first, last, _ in chosen):
            chosen.append((start, end, there))
        if len(chosen) == _MOST:
            break
    return chosen


def _passage(text: str, words: Sequence[tuple[str, int, int]], start: int, end: int) -> str:
    passage = " ".join(text[words[start][1] : words[end - 1][2]].split())
    return passage if len(passage) <= _SHOWN else f"{passage[: _SHOWN - 1]}…"
