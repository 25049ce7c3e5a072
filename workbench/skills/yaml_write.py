"""Writing one YAML value as people write front matter: block style, quotes where needed.

Block style because the reference validator (skills-ref 0.1.1, StrictYAML) rejects flow style. What
is written is read back by the caller, so that a value is never stored as something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import yaml

from workbench.skills.yaml_tree import scalar_value

#: A folded block is wrapped here (code points).
WIDTH: Final = 96

_PLAIN_START = re.compile(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`=~<]|[-?:](?=[^\s,\[\]{}])")
_NOT_PLAIN = re.compile(r":(?:\s|\Z)|\s#|[\t\r\n]|\A\s|\s\Z|\A---|\A\.\.\.")
_PRINTABLE = re.compile("[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]*")
_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


class CannotWrite(Exception):  # noqa: N818 - a problem for a person, in words
    """The value has no YAML form."""


def write_value(
    value: Any, *, indent: str, newline: str, style: str = "", one_line: bool = False
) -> str:
    """Return the text that follows ``key:`` with what separates them, without the last line end.

    Args:
        value: JSON-like Python.
        indent: white space that lines below the key begin with.
        newline: the file's line end.
        style: how the value was written before (``""`` plain, ``'``, ``"``, ``|``, ``>``), kept
            where it can hold the new value.
        one_line: write no second line (a comment follows on the first).

    Raises:
        CannotWrite: not a JSON-like value, or lone surrogates in a text.
    """
    if isinstance(value, str):
        return " " + write_string(
            value, indent=indent, newline=newline, style=style, one_line=one_line
        )
    if value is None or isinstance(value, (bool, int, float)):
        return " " + _number(value)
    if one_line or (isinstance(value, (Mapping, Sequence)) and not value):
        return " " + flow(value)
    return newline + newline.join(_block_lines(value, indent, newline))


def _number(value: float | bool | None) -> str:
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):  # noqa: PLR0124
        raise CannotWrite("a number must be finite")
    return json.dumps(value)


def flow(value: Any) -> str:
    """Return the value as JSON, which is YAML in flow style."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as problem:
        raise CannotWrite(f"{type(value).__name__} has no YAML form: {problem}") from problem
    if not _encodable(text):
        raise CannotWrite("a text with bytes that are not UTF-8 has no YAML form")
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff]", lambda hit: f"\\u{ord(hit.group()):04x}", text)


def _block_lines(value: Any, indent: str, newline: str) -> list[str]:
    """Return the lines of a mapping or list in block style, each with its indent."""
    lines: list[str] = []
    if isinstance(value, Mapping):
        for key, item in value.items():
            name = write_string(str(key), indent=indent, newline=newline, one_line=True)
            lines.append(
                f"{indent}{name}:" + write_value(item, indent=indent + "  ", newline=newline)
            )
        return lines
    if not isinstance(value, Sequence):
        raise CannotWrite(f"{type(value).__name__} has no YAML form")
    for item in value:
        if isinstance(item, (Mapping, list, tuple)) and item:
            nested = _block_lines(item, indent + "  ", newline)
            nested[0] = f"{indent}- {nested[0].lstrip(' ')}"
            lines += nested
        else:
            text = write_value(item, indent=indent + "  ", newline=newline)
            lines.append(f"{indent}-{text}")
    return lines


def write_string(
    text: str, *, indent: str, newline: str, style: str = "", one_line: bool = False
) -> str:
    """Return a string as a YAML scalar that reads back as the same string in YAML 1.1 and 1.2.

    Several lines become a literal block. One long line stays one line, because some clients show
    the ``>-`` of a folded block (docs/authoring.md section 12 no. 6), unless it was folded before.
    """
    if not _encodable(text):
        raise CannotWrite("a text with bytes that are not UTF-8 has no YAML form")
    block = not one_line and style in ("|", ">")
    if not one_line and ("\n" in text or block) and _block_can_hold(text):
        if style == ">":
            folded = _folded(text, indent, newline)
            if folded is not None:
                return folded
        return _literal(text, indent, newline)
    if style == '"' or not _PRINTABLE.fullmatch(text) or "\n" in text or "\t" in text:
        return _double_quoted(text)
    if style == "'":
        return _single_quoted(text)
    if _plain_can_hold(text):
        return text
    return _double_quoted(text) if "'" in text and '"' not in text else _single_quoted(text)


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _plain_can_hold(text: str) -> bool:
    if not text or not _PLAIN_START.match(text) or _NOT_PLAIN.search(text):
        return False
    return scalar_value(text) == text and not _special_in_yaml_1_1(text)


def _special_in_yaml_1_1(text: str) -> bool:
    """Tell whether a YAML 1.1 reader would take it for a boolean, number or date."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[0], [])
    return any(pattern.match(text) for _, pattern in resolvers)


def _double_quoted(text: str) -> str:
    out = []
    for character in text:
        if character in _ESCAPES:
            out.append(_ESCAPES[character])
        elif _PRINTABLE.fullmatch(character) or ord(character) > 0xFFFF:
            out.append(character)
        else:
            code = ord(character)
            out.append(f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
    return '"' + "".join(out) + '"'


def _single_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _block_can_hold(text: str) -> bool:
    """Tell whether a literal block gives the text back: printable, no odd blank lines."""
    if not text.strip("\n") or not _PRINTABLE.fullmatch(
        re.sub("[\U00010000-\U0010ffff]", "", text)
    ):
        return False
    lines = text.split("\n")
    first = next(line for line in lines if line)
    blank_with_spaces = any(line and not line.strip() for line in lines)
    return not first.startswith((" ", "\t")) and not blank_with_spaces


def _chomping(text: str) -> str:
    if not text.endswith("\n"):
        return "-"
    return "+" if text.endswith("\n\n") else ""


def _literal(text: str, indent: str, newline: str) -> str:
    body = text[:-1] if text.endswith("\n") else text
    lines = [f"{indent}{line}" if line else "" for line in body.split("\n")]
    return newline.join([f"|{_chomping(text)}", *lines])


def _folded(text: str, indent: str, newline: str) -> str | None:
    """Return a folded block of one paragraph, None where folding would change the text."""
    body = text.removesuffix("\n")
    if "\n" in body or "  " in body or "\t" in body or body != body.strip():
        return None
    lines: list[str] = []
    line = ""
    for word in body.split(" "):
        if line and len(line) + 1 + len(word) > WIDTH - len(indent):
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    lines.append(line)
    return newline.join([f">{_chomping(text)}", *(indent + line for line in lines)])
