"""The texts of two steps beside one another, line by line, with the words that differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from rapidfuzz.distance import LCSseq

from workbench.domain.trajectory import StepBody
from workbench.traces.json_values import decode

#: Of longer texts the beginning is compared; the rest is said to be left out.
LONGEST: Final = 200_000
_MOST_LINES: Final = 4000
_MOST_WORDS: Final = 3000
#: Lines that share less of their words than this are other lines, not changed ones.
_ALIKE: Final = 0.35
_WORD: Final = re.compile(r"\w+|\s+|.", re.DOTALL)

#: Characters ``start`` to ``end`` of a line.
Span = tuple[int, int]
LineState = Literal["same", "changed", "left", "right"]


class SideLine(Struct, frozen=True, gc=False):
    """One line of both sides. A number counts from 1, None where a side has no such line."""

    state: LineState
    left: int | None
    right: int | None
    left_text: str = ""
    right_text: str = ""
    left_words: tuple[Span, ...] = ()
    right_words: tuple[Span, ...] = ()


class SidePart(Struct, frozen=True):
    """A text of both steps: what they say, or the arguments or the result of a call.

    ``cut`` says that it is longer than what was compared.
    """

    title: str
    lines: tuple[SideLine, ...]
    differs: bool
    cut: bool = False


def step_sides(left: StepBody | None, right: StepBody | None) -> tuple[SidePart, ...]:
    """Return the parts of two steps side by side; of a step alone its own texts."""
    calls = [len(body.tool_calls) for body in (left, right) if body is not None]
    by_place = len(set(calls)) == 1
    texts, others = _texts(left, by_place=by_place), _texts(right, by_place=by_place)
    made = []
    for key in dict.fromkeys((*texts, *others)):
        (title, text), (other, said) = texts.get(key, ("", "")), others.get(key, ("", ""))
        if text or said:
            both = title and other and title.casefold() != other.casefold()
            made.append(side_part(f"{title} / {other}" if both else title or other, text, said))
    return tuple(made)


def side_part(title: str, left: str, right: str) -> SidePart:
    """Compare two texts line by line."""
    cut = max(len(left), len(right)) > LONGEST
    lines = tuple(_lines(left[:LONGEST].splitlines(), right[:LONGEST].splitlines()))
    return SidePart(title, lines, left != right, cut)


def changed_words(left: str, right: str) -> tuple[tuple[Span, ...], tuple[Span, ...]] | None:
    """Return the characters of each line that the other lacks; None when they are other lines."""
    words, others = _WORD.findall(left), _WORD.findall(right)
    if not words or not others or max(len(words), len(others)) > _MOST_WORDS:
        return None
    shared = 0
    gone: list[Span] = []
    came: list[Span] = []
    at, other = _starts(words), _starts(others)
    for code in LCSseq.opcodes(words, others):
        if code.tag == "equal":
            shared += at[code.src_end] - at[code.src_start]
            continue
        if code.src_end > code.src_start:
            gone.append((at[code.src_start], at[code.src_end]))
        if code.dest_end > code.dest_start:
            came.append((other[code.dest_start], other[code.dest_end]))
    if 2 * shared < _ALIKE * (len(left) + len(right)):
        return None
    return _joined(gone), _joined(came)


def readable_arguments(arguments: str) -> str:
    """Return the arguments of a call as lines: "name: value", long texts on lines of their own."""
    value = decode(arguments.encode("utf-8", "surrogatepass")) if arguments[:1] == "{" else None
    if not isinstance(value, dict):
        return arguments
    return "\n".join(_argument(str(name), one) for name, one in value.items())


def _argument(name: str, value: Any) -> str:
    if isinstance(value, str):
        return f"{name}:\n{value}" if "\n" in value else f"{name}: {value}"
    if isinstance(value, dict | list) and value:
        inner = "\n".join(_nested(value))
        return f"{name}:\n{inner}"
    return f"{name}: {_plain(value)}"


def _nested(value: dict[Any, Any] | list[Any], depth: int = 1) -> Iterator[str]:
    pad = "  " * depth
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in pairs:
        if isinstance(one, dict | list) and one and depth < 40:
            yield f"{pad}{name}:"
            yield from _nested(one, depth + 1)
        else:
            text = one if isinstance(one, str) else _plain(one)
            first, *rest = text.split("\n")
            yield f"{pad}{name}: {first}"
            yield from (f"{pad}  {line}" for line in rest)


def _plain(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode("utf-8", "replace")
    except (RecursionError, msgspec.MsgspecError, UnicodeError):
        return "…"


def _texts(body: StepBody | None, *, by_place: bool) -> dict[object, tuple[str, str]]:
    """Return the texts of a step with their titles, by what they are matched by.

    Calls are matched by their place where both steps have as many, else by tool and how often.
    """
    if body is None:
        return {}
    texts: dict[object, tuple[str, str]] = {
        "thinking": ("Thinking", body.reasoning),
        "text": ("Text", body.text),
    }
    seen: dict[str, int] = {}
    for number, call in enumerate(body.tool_calls, 1):
        mark = f"{call.name} {number}" if len(body.tool_calls) > 1 else call.name
        name = call.name.casefold()
        seen[name] = seen.get(name, 0) + 1
        key: tuple[str, int] = ("", number) if by_place else (name, seen[name])
        texts[(*key, "arguments")] = (f"{mark}: arguments", readable_arguments(call.arguments))
        texts[(*key, "result")] = (f"{mark}: result", call.observation or "")
    return texts


def _lines(left: Sequence[str], right: Sequence[str]) -> Iterator[SideLine]:
    for i1, i2, j1, j2, equal in _blocks(left, right):
        if equal:
            for by in range(i2 - i1):
                text = left[i1 + by]
                yield SideLine("same", i1 + by + 1, j1 + by + 1, text, text)
            continue
        for i, j in zip_longest(range(i1, i2), range(j1, j2)):
            if i is None or j is None:
                yield _alone(left, right, i, j)
                continue
            gone, came = changed_words(left[i], right[j]) or ((), ())
            yield SideLine("changed", i + 1, j + 1, left[i], right[j], gone, came)


def _alone(left: Sequence[str], right: Sequence[str], i: int | None, j: int | None) -> SideLine:
    if i is not None:
        return SideLine("left", i + 1, None, left[i])
    assert j is not None
    return SideLine("right", None, j + 1, "", right[j])


def _blocks(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int, int, int, int, bool]]:
    """Yield stretches of equal and of other lines, neighbours of one kind together."""
    if max(len(left), len(right)) > _MOST_LINES:
        start = next(
            (n for n, (one, other) in enumerate(zip(left, right, strict=False)) if one != other),
            min(len(left), len(right)),
        )
        yield 0, start, 0, start, True
        yield start, len(left), start, len(right), False
        return
    waiting: list[int] | None = None
    for code in LCSseq.opcodes(left, right):
        place = (code.src_start, code.src_end, code.dest_start, code.dest_end)
        if code.tag == "equal":
            if waiting is not None:
                yield (*_four(waiting), False)
                waiting = None
            yield (*place, True)
        elif waiting is None:
            waiting = list(place)
        else:
            waiting[1], waiting[3] = place[1], place[3]
    if waiting is not None:
        yield (*_four(waiting), False)


def _four(places: Sequence[int]) -> tuple[int, int, int, int]:
    return places[0], places[1], places[2], places[3]


def _starts(words: Sequence[str]) -> list[int]:
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    return starts


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Join spans with at most one character between them: a space is no reason to part words."""
    found: list[Span] = []
    for start, end in spans:
        if found and start - found[-1][1] <= 1:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return tuple(found)
