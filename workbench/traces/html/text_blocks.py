"""Texts of a step as blocks of a page: Markdown, JSON, differences, terminal output, plain text.

No renderer lets markup of the trace through, makes a link or names a picture: a page that is read
must not lead or reach anywhere.
"""

from __future__ import annotations

import difflib
import functools
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from workbench.traces.escapes import bytes_of
from workbench.traces.html.escaping import escaped, visible
from workbench.traces.json_values import decode

#: Longer texts are not parsed as Markdown: they are logs, and parsing them takes seconds.
_MARKDOWN_MOST: Final = 60_000
_DIFF_MOST: Final = 60_000
_OLD: Final = ("old_string", "old_str", "oldText", "old_text")
_NEW: Final = ("new_string", "new_str", "newText", "new_text")
_PATCH: Final = re.compile(
    r"(?:^|\n)(?:diff --git |@@ -\d+|\*\*\* (?:Begin Patch|Update File|Add File))"
)
_CSI: Final = re.compile(
    r"\x1b\[([0-9;:?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|\x1b[()][0-9A-B]|\x1b[=>78M]"
)


def cut(text: str, most: int) -> tuple[str, str]:
    """Return what is shown of a text, and words for what is not (empty when all of it is)."""
    if len(text) <= most:
        return text, ""
    head = most * 3 // 4
    left_out = len(text) - most
    middle = f"\n⟦… {left_out:,} of {len(text):,} characters left out …⟧\n"
    return text[:head] + middle + text[-(most - head) :], f"{left_out:,} characters left out"


def markdown_block(text: str, most: int) -> str:
    """Return prose with its headings, lists, code and emphasis; long prose is plain."""
    shown, _ = cut(text, most)
    if len(shown) > _MARKDOWN_MOST:
        return plain_block(shown, most + 200)
    try:
        made = str(_markdown().render(visible(shown)))
    except (RecursionError, ValueError, IndexError):
        return plain_block(text, most)
    return f'<div class="md">{made}</div>'


def plain_block(text: str, most: int) -> str:
    """Return text as it is written."""
    return f"<pre>{escaped(cut(text, most)[0])}</pre>"


def arguments_block(arguments: str, most: int) -> str:
    """Return the arguments of a call: an edit as its difference, a command plain, else JSON."""
    value = decode(bytes_of(arguments)) if arguments[:1] in ("{", "[") else None
    if isinstance(value, dict):
        edit = _edit(value)
        if edit is not None:
            rest = {k: v for k, v in value.items() if k not in (*_OLD, *_NEW)}
            return _json_block(rest, most) + _diff_lines(edit, most)
        command = value.get("command", value.get("cmd"))
        if isinstance(command, str):
            rest = {k: v for k, v in value.items() if k not in ("command", "cmd")}
            return plain_block(command, most) + (_json_block(rest, most) if rest else "")
    if value is not None:
        return _json_block(value, most)
    if _PATCH.search(arguments[:2000]):
        return _diff_lines(arguments.split("\n"), most)
    return plain_block(arguments, most)


def result_block(text: str, most: int) -> str:
    """Return what a tool answered: JSON indented, a patch coloured, terminal output, or plain."""
    start = text[:2000]
    if start.lstrip()[:1] in ("{", "[") and len(text) <= most * 4:
        value = decode(bytes_of(text))
        if isinstance(value, dict | list):
            return _json_block(value, most)
    if "\x1b[" in text:
        return f'<pre class="term">{_terminal(cut(text, most)[0])}</pre>'
    if _PATCH.search(start):
        return _diff_lines(text.split("\n"), most)
    return plain_block(text, most)


def _json_block(value: Any, most: int) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, indent=2)
    except (RecursionError, ValueError):
        text = "(nested deeper than can be shown)"
    # Line ends within strings are shown as such: a script in one argument is read, not decoded.
    text = re.sub(r"(?<!\\)((?:\\\\)*)\\n", lambda match: match[1] + "\n", text)
    return f'<pre class="json">{escaped(cut(text, most)[0])}</pre>'


def _edit(value: dict[str, Any]) -> Sequence[str] | None:
    old = next((value[key] for key in _OLD if isinstance(value.get(key), str)), None)
    new = next((value[key] for key in _NEW if isinstance(value.get(key), str)), None)
    if old is None or new is None or len(old) + len(new) > _DIFF_MOST:
        return None
    lines = difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=3)
    return [line for line in lines if not line.startswith(("---", "+++"))] or ["(no difference)"]


def _diff_lines(lines: Sequence[str], most: int) -> str:
    shown, _ = cut("\n".join(lines), most)
    return f'<pre class="diff">{"".join(_marked(shown))}</pre>'


def _marked(text: str) -> Iterator[str]:
    for line in text.split("\n"):
        kind = {"+": "add", "-": "del", "@": "at", "*": "at"}.get(line[:1])
        mark = escaped(line)
        yield f'<span class="{kind}">{mark}</span>\n' if kind else f"{mark}\n"


def _terminal(text: str) -> str:
    """Return terminal output with its colours; other sequences are left out, as a terminal does."""
    parts: list[str] = []
    classes: dict[str, str] = {}
    at = 0
    for match in _CSI.finditer(text):
        parts.append(_coloured(text[at : match.start()], classes))
        at = match.end()
        if match[2] == "m":
            _take(match[1] or "0", classes)
    parts.append(_coloured(text[at:], classes))
    return "".join(parts)


def _coloured(text: str, classes: dict[str, str]) -> str:
    if not text:
        return ""
    names = " ".join(classes.values())
    return f'<span class="{names}">{escaped(text)}</span>' if names else escaped(text)


def _take(sequence: str, classes: dict[str, str]) -> None:
    codes = [int(code) if code.isdigit() and len(code) < 4 else 0 for code in sequence.split(";")]
    at = 0
    while at < len(codes):
        code = codes[at]
        if code == 0:
            classes.clear()
        elif code == 1:
            classes["weight"] = "b"
        elif code == 22:
            classes.pop("weight", None)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            classes["colour"] = f"c{code % 10}"
        elif code == 39:
            classes.pop("colour", None)
        elif code in (38, 48):
            at += 2 if codes[at + 1 : at + 2] == [5] else 4
        at += 1


class _Renderer(RendererHTML):
    """Markdown without links and pictures: their words and addresses stay, as text."""

    def link_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        del self, options, env
        return f'<span class="link" title="{escaped(str(tokens[idx].attrGet("href") or ""))}">'

    def link_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        del self, options, env
        opened = idx
        while opened > 0 and tokens[opened].type != "link_open":
            opened -= 1
        return f"</span> <small>⟨{escaped(str(tokens[opened].attrGet('href') or ''))}⟩</small>"

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        del self, options, env
        token = tokens[idx]
        place = escaped(str(token.attrGet("src") or "")[:300])
        return f'<span class="link">[picture: {escaped(token.content)}] ⟨{place}⟩</span>'


@functools.cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable("table")
