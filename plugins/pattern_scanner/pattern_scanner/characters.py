"""Characters that mislead: what a reader sees and what a model reads differ.

``fold`` maps text to what a model understands: zero-width characters gone, full-width and lookalike
letters made plain, accents off, lower case. It is used for matching alone; evidence shows the text
as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pattern_scanner.model import Role, Sighting

_ZERO_WIDTH = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, 0x180E, 0x034F])
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BIDI_OVERRIDE = re.compile("[\u202d\u202e]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_TAGS = re.compile("[\U000e0020-\U000e007f]{4,2000}")
_FLAG = "\U0001f3f4"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,2000}")
_ZERO_WIDTH_IN_WORD = re.compile("[a-zA-Z]([\u200b\u200c\u200d\u2060\u00ad])[a-zA-Z]")
_ZERO_WIDTH_RUN = re.compile("[\u200b\u200c\u200d\u2060\ufeff]{8,4000}")
_ACCENTS = re.compile("[\u0300-\u036f]")
_TERMINAL = re.compile("\x1b[\\]\\[P][^\n]{0,40}")
_MIXED_WORD = re.compile("[A-Za-z\u0370-\u03ff\u0400-\u04ff]{3,40}")
_LATIN = re.compile("[A-Za-z]")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u04ff]")

#: Cyrillic and Greek letters that look like Latin ones (subset of Unicode TR39 confusables).
_LOOKALIKE = str.maketrans(
    "авеѕіјорсухԁһӏɡոкмнтАВЕЅІЈОРСУХКМНТαοορντικυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "abesijopcyxdhlgnkmhtABESIJOPCYXKMHTaoopvtikuABEZHIKMNOPTYX",
)


def fold(text: str) -> tuple[str, frozenset[str]]:
    """Return the text to match against, and the names of the tricks that were undone."""
    if text.isascii():
        return text.lower(), frozenset()
    tricks: set[str] = set()
    plain = text.translate(_ZERO_WIDTH)
    if _ZERO_WIDTH_IN_WORD.search(text):
        tricks.add("zero-width characters")
    compatible = unicodedata.normalize("NFKC", plain)
    if any(0xFF21 <= ord(char) <= 0xFF5A or 0x1D400 <= ord(char) <= 0x1D7FF for char in plain):
        tricks.add("full-width or styled letters")
    unmixed = _MIXED_WORD.sub(_plain_word, compatible)
    if unmixed != compatible:
        tricks.add("lookalike letters")
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", unmixed))
    folded = unicodedata.normalize("NFC", bare).lower()
    return folded.replace("’", "'").replace("“", '"').replace("”", '"'), frozenset(tricks)


def _plain_word(match: re.Match[str]) -> str:
    word = match.group()
    if _LATIN.search(word) and _FOREIGN.search(word):
        return word.translate(_LOOKALIKE)
    return word


def visible(text: str) -> str:
    """Return the text with every invisible or control character written as ``<U+XXXX>``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char == " "
        else " "
        if char in "\n\t\r"
        else f"<U+{ord(char):04X}>"
        for char in text
    )


def tag_messages(text: str) -> Iterator[tuple[int, str]]:
    """Yield (offset, message) of text written in Unicode tag characters; flags are no message."""
    for match in _TAGS.finditer(text):
        if match.start() and text[match.start() - 1] == _FLAG:
            continue
        yield match.start(), "".join(chr(ord(char) - 0xE0000) for char in match.group())
    for match in _SELECTORS.finditer(text):
        octets = bytes(
            ord(char) - 0xFE00 if ord(char) < 0xFF00 else ord(char) - 0xE0100 + 16
            for char in match.group()
        )
        yield match.start(), octets.decode("utf-8", "replace")
    for match in _ZERO_WIDTH_RUN.finditer(text):
        yield match.start(), f"{len(match.group())} zero-width characters in a row"


def character_sightings(path: str, text: str, role: Role) -> Iterator[Sighting]:
    """Yield what the characters of a file alone say."""
    if text.isascii() and "\x1b" not in text:
        return
    for offset, message in tag_messages(text):
        line = text.count("\n", 0, offset) + 1
        yield Sighting(
            "hidden-characters", path, line, line, _line_of(text, offset), role=role,
            decoded=message,
        )  # fmt: skip
    right_to_left = bool(_RIGHT_TO_LEFT.search(text))
    for match in _BIDI_CONTROLS.finditer(text):
        override = bool(_BIDI_OVERRIDE.match(match.group()))
        if right_to_left and not override:
            continue
        line = text.count("\n", 0, match.start()) + 1
        yield Sighting(
            "bidirectional-control", path, line, line, _line_of(text, match.start()),
            severity="high" if override else "medium", role=role,
        )  # fmt: skip
        break
    split = list(_ZERO_WIDTH_IN_WORD.finditer(text))
    if len(split) >= 2:
        line = text.count("\n", 0, split[0].start()) + 1
        yield Sighting("split-words", path, line, line, _line_of(text, split[0].start()), role=role)
    lookalikes = [
        match
        for match in _MIXED_WORD.finditer(text)
        if match.group() != _plain_word(match) and _plain_word(match).isascii()
    ]
    if len(lookalikes) >= 2:
        line = text.count("\n", 0, lookalikes[0].start()) + 1
        found = _line_of(text, lookalikes[0].start())
        plain = ", ".join(sorted({_plain_word(match) for match in lookalikes})[:6])
        yield Sighting("lookalike-letters", path, line, line, found, role=role, decoded=plain)
    escape = _TERMINAL.search(text)
    if escape:
        line = text.count("\n", 0, escape.start()) + 1
        found = _line_of(text, escape.start())
        yield Sighting("terminal-control", path, line, line, found, role=role)


def _line_of(text: str, offset: int) -> str:
    start = max(text.rfind("\n", 0, offset) + 1, offset - 120)
    end = text.find("\n", offset)
    return text[start : min(len(text) if end < 0 else end, offset + 160)]
