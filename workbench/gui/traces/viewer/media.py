"""Pictures that a step's records hold: where their base64 stands, nothing decoded yet. No Qt.

The bytes are found by what every picture begins with, whatever the format calls the field; a
reference is the span of the base64 text. Nothing is fetched: an address of the net stays a name,
and a path is followed only below the folder of the trace.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from workbench.domain.trajectory import ByteSpan, Step, StepBody
from workbench.files import FileProblem, confined
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

#: What base64 of a picture begins with, and Qt's name of the format. SVG is not among them: it is a
#: program for a renderer, not a picture.
_BEGINNINGS: Final = {
    b"iVBORw0KGgo": "png",
    b"/9j/": "jpeg",
    b"R0lGOD": "gif",
    b"UklGR": "webp",
}
_SIGNS: Final = (*_BEGINNINGS, b"\\/9j\\/")
_BASE64 = re.compile(rb"[A-Za-z0-9+/\\]+={0,2}(?=\\*[\"'])")
_ENDS: Final = (b'"', b"'", b",")
_LINE_END = re.compile(rb"\\+[nr]")
_FILE_SIGNS: Final = {
    b"\x89PNG\r\n": "png",
    b"\xff\xd8\xff": "jpeg",
    b"GIF8": "gif",
    b"RIFF": "webp",
}
_NAMED = re.compile(r"^[\w./+-]+: (?P<place>[^:]+)$")
_LEAST = 60
MOST_PICTURES: Final = 24
MOST_BYTES: Final = 40_000_000


@dataclass(frozen=True, slots=True)
class PictureRef:
    """A picture of a step. ``call`` is the id of the call whose result holds it, "" for none.

    Either ``span`` says where its base64 stands, or ``path`` the file it is in. ``problem`` says
    why it cannot be shown.
    """

    id: str
    call: str
    format: str
    size: int
    span: ByteSpan | None = None
    path: str = ""
    problem: str = ""

    @property
    def name(self) -> str:
        """What it is, in a few words."""
        where = self.path or (f"at byte {self.span.offset:,}" if self.span else "")
        return f"{self.format.upper()} picture, {self.size:,} bytes, {where}"


def pictures_of(trace: OpenTrace, step: Step, body: StepBody) -> tuple[PictureRef, ...]:
    """Return the pictures of a step, each once."""
    found: dict[object, PictureRef] = {}
    places: list[tuple[str, ByteSpan]] = [
        (call.id, span) for call in step.tool_calls for span in call.result
    ]
    taken = {span for _, span in places}
    places += [("", span) for span in step.raw if span not in taken]
    for call, span in places:
        for made in _inline(trace, span, call):
            found.setdefault(_same_as(trace, made), made)
    for call, name in _names(body):
        linked = _beside(trace, name, call)
        if linked is not None:
            found.setdefault(linked.path, linked)
    kept = list(found.values())[:MOST_PICTURES]
    return tuple(replace(one, id=f"picture{number}") for number, one in enumerate(kept))


def picture_bytes(trace: OpenTrace, picture: PictureRef) -> bytes:
    """Return the bytes of a picture, as its format has them.

    Raises:
        TraceError: they cannot be read, or are more than ``MOST_BYTES``.
    """
    if picture.size > MOST_BYTES:
        raise TraceError(
            f"The picture has {picture.size:,} bytes; at most {MOST_BYTES:,} are read."
        )
    if picture.span is None:
        try:
            return Path(picture.path).read_bytes()[: MOST_BYTES + 1]
        except OSError as problem:
            raise TraceError(f"Cannot read {picture.path}: {problem.strerror}.") from problem
    data = _LINE_END.sub(b"", trace.raw(picture.span)).replace(b"\\", b"")
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4))
    except (binascii.Error, ValueError) as problem:
        raise TraceError(f"The picture's base64 is damaged: {problem}.") from problem


def inline_spans(data: bytes) -> Iterator[tuple[int, int, str]]:
    """Yield offset, length and format of every base64 picture in a record, in order.

    Plain searches find where one may begin: a pattern over many megabytes would hold up the window.
    """
    found: dict[int, tuple[int, str]] = {}
    for sign in _SIGNS:
        at = data.find(sign)
        while at >= 0:
            match = _BASE64.match(data, at) if data[at - 1 : at] in _ENDS else None
            if match is not None and len(match.group()) >= _LEAST:
                found[at] = (len(match.group()), _BEGINNINGS[sign.replace(b"\\", b"")])
            at = data.find(sign, match.end() if match is not None else at + 1)
    for at, (length, kind) in sorted(found.items()):
        yield at, length, kind


def _inline(trace: OpenTrace, span: ByteSpan, call: str) -> Iterator[PictureRef]:
    for offset, length, kind in inline_spans(trace.raw(span)):
        place = ByteSpan(span.source, span.offset + offset, length)
        yield PictureRef("", call, kind, length * 3 // 4, place)


def _same_as(trace: OpenTrace, picture: PictureRef) -> object:
    """Tell pictures apart by length and ends: records repeat them word for word."""
    assert picture.span is not None
    data = trace.raw(picture.span)
    return len(data), data[-200:], data[len(data) // 2 :][:200]


def _names(body: StepBody) -> Iterable[tuple[str, str]]:
    yield from (("", one) for one in body.media)
    yield from ((call.id, one) for call in body.tool_calls for one in call.media)


def _beside(trace: OpenTrace, name: str, call: str) -> PictureRef | None:
    """Return the picture file a medium names, None where it names none below the trace's folder."""
    match = _NAMED.match(name)
    if match is None:
        return None
    place = match.group("place").strip()
    try:
        path = confined(trace.path.parent, place)
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(8)
        size = path.stat().st_size
    except (FileProblem, OSError, ValueError):
        return None
    kind = next((kind for sign, kind in _FILE_SIGNS.items() if head.startswith(sign)), "")
    return PictureRef("", call, kind, size, path=str(path)) if kind else None
