"""Ways to show the texts of a step."""

from __future__ import annotations

from workbench.gui.traces.viewer.renderers.content import Renderer
from workbench.gui.traces.viewer.renderers.diff import DiffRenderer
from workbench.gui.traces.viewer.renderers.json_text import ArgumentsRenderer, JsonRenderer
from workbench.gui.traces.viewer.renderers.markdown import MarkdownRenderer
from workbench.gui.traces.viewer.renderers.raw import RawRenderer
from workbench.gui.traces.viewer.renderers.terminal import TerminalRenderer

#: All of them; the last never fails.
RENDERERS: tuple[Renderer, ...] = (
    DiffRenderer(),
    TerminalRenderer(),
    ArgumentsRenderer(),
    JsonRenderer(),
    MarkdownRenderer(),
    RawRenderer(),
)
