"""Output of a terminal: colours from SGR sequences, lines that were written over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.gui.traces.viewer.renderers.content import Content, Run, TextRenderer

_CSI = re.compile(
    r"\x1b\[([0-9;:?]*)([ -/]*[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|\u2407)?|\x1b.?"
)
_CARRIAGE = "\u240d"
#: The eight colours of a terminal in colours of the theme that can be read on its ground.
_COLOURS = ("text", "error", "success", "warning", "info", "data_4", "data_2", "text")
_SHELLS = ("bash", "shell", "exec", "command", "terminal", "run")


@dataclass(frozen=True, slots=True)
class _Look:
    token: str = ""
    bold: bool = False


class TerminalRenderer(TextRenderer):
    """For text with colour sequences, and for what shells printed."""

    id = "terminal"
    title = "Terminal"

    def fit(self, content: Content) -> float:
        if content.role != "observation":
            return 0.0
        if "\x1b[" in content.text:
            return 0.85
        tool = content.tool.casefold()
        return 0.4 if any(name in tool for name in _SHELLS) else 0.0

    def prettify(self, content: Content) -> str:
        return content.text

    def colour(self, text: str) -> Sequence[Run]:
        runs: list[Run] = []
        look = _Look()
        position = 0
        text = "".join(_last_written(line) for line in text.splitlines(keepends=True))
        for match in _CSI.finditer(text):
            if match.start() > position:
                runs.append(Run(text[position : match.start()], look.token, bold=look.bold))
            if match.group(2) == "m":
                look = _after(look, match.group(1))
            position = match.end()
        if position < len(text):
            runs.append(Run(text[position:], look.token, bold=look.bold))
        return runs


def _last_written(line: str) -> str:
    """Return what stands in a line after its carriage returns: a progress bar's last state."""
    if _CARRIAGE not in line:
        return line
    ending = "\n" if line.endswith("\n") else ""
    parts = [part for part in line.removesuffix("\n").split(_CARRIAGE) if part]
    return (parts[-1] if parts else "") + ending


def _after(look: _Look, sequence: str) -> _Look:
    codes = [int(code) if code.isdigit() else 0 for code in re.split("[;:]", sequence)]
    position = 0
    while position < len(codes):
        code = codes[position]
        if code == 0:
            look = _Look()
        elif code == 1:
            look = replace(look, bold=True)
        elif code == 22:
            look = replace(look, bold=False)
        elif 30 <= code <= 37:
            look = replace(look, token=_COLOURS[code - 30])
        elif 90 <= code <= 97:
            look = replace(look, token=_COLOURS[code - 90] if code > 90 else "text_muted")
        elif code == 39:
            look = replace(look, token="")
        elif code in (38, 48):
            # 256 colours and true colours cannot promise to be readable on our grounds.
            position += 2 if codes[position + 1 : position + 2] == [5] else 4
        position += 1
    return look
