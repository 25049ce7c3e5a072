"""Ways to show the texts of a step."""

from __future__ import annotations

from workbench.gui.traces.renderers.content import Renderer
from workbench.gui.traces.renderers.diff import DiffRenderer
from workbench.gui.traces.renderers.json_text import ArgumentsRenderer, JsonRenderer
from workbench.gui.traces.renderers.markdown import MarkdownRenderer
from workbench.gui.traces.renderers.raw import RawRenderer
from workbench.gui.traces.renderers.terminal import TerminalRenderer

#: All of them; the last never fails.
RENDERERS: tuple[Renderer, ...] = (
    DiffRenderer(),
    TerminalRenderer(),
    ArgumentsRenderer(),
    JsonRenderer(),
    MarkdownRenderer(),
    RawRenderer(),
)
