"""Text hidden in an encoding: base64, hex and escapes are decoded beside the evidence."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote

from pattern_scanner import limits

_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{20,20000}={0,2}(?![A-Za-z0-9+/=_-])")
_HEX = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{2}){14,8000}(?![0-9A-Fa-f])")
_HEX_ESCAPES = re.compile(r"(?:\\x[0-9A-Fa-f]{2}){6,4000}")
_UNICODE_ESCAPES = re.compile(r"(?:\\u00[0-9A-Fa-f]{2}){6,4000}")
_PERCENT = re.compile(r"(?:%[2-7][0-9A-Fa-f]){8,4000}")
_WORDY = re.compile(r"[A-Za-z]{2,20}[ /:.\n-][A-Za-z$~/]")


def readable(data: bytes) -> str | None:
    """Return the text when the bytes are plainly text, else None."""
    if not data or data.count(0):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    plain = sum(char.isprintable() or char in "\n\t\r" for char in text)
    return text if plain >= 0.95 * len(text) and _WORDY.search(text) else None


def decode_base64(token: str) -> str | None:
    """Return the text a base64 token hides, twice encoded too, else None."""
    for _ in range(3):
        try:
            data = base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
        except (binascii.Error, ValueError):
            return None
        text = readable(data)
        if text is not None:
            return text[: limits.MAX_DECODED]
        try:
            token = data.decode("ascii").strip()
        except UnicodeDecodeError:
            return None
        if not re.fullmatch(r"[A-Za-z0-9+/=\s]{16,40000}", token):
            return None
    return None


def hidden_texts(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line from 0, how it was hidden, text) for encoded texts; at most a bounded number."""
    found = 0
    for number, line in enumerate(text.split("\n")):
        if len(line) < 20:
            continue
        for way, hidden in _in_line(line[:60_000]):
            yield number, way, hidden
            found += 1
            if found >= limits.MAX_DECODED_BLOBS:
                return


def _in_line(line: str) -> Iterator[tuple[str, str]]:
    for match in _BASE64.finditer(line):
        decoded = decode_base64(match.group().rstrip("="))
        if decoded is not None:
            yield "base64", decoded
    for match in _HEX.finditer(line):
        decoded = readable(bytes.fromhex(match.group()))
        if decoded is not None:
            yield "hex", decoded
    for pattern in (_HEX_ESCAPES, _UNICODE_ESCAPES):
        for match in pattern.finditer(line):
            digits = re.sub(r"\\x|\\u00", "", match.group())
            decoded = readable(bytes.fromhex(digits))
            if decoded is not None:
                yield "escapes", decoded
    for match in _PERCENT.finditer(line):
        decoded = readable(unquote(match.group()).encode())
        if decoded is not None:
            yield "percent encoding", decoded
