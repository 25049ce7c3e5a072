"""Ways to show the texts of a step."""

from __future__ import annotations

from workbench.gui.traces.viewer.renderers.content import Renderer
from workbench.gui.traces.viewer.renderers.diff import DiffRenderer
from workbench.gui.traces.viewer.renderers.json_text import ArgumentsRenderer, JsonRenderer
from workbench.gui.traces.viewer.renderers.json_tree import JsonTreeRenderer
from workbench.gui.traces.viewer.renderers.markdown import MarkdownRenderer
from workbench.gui.traces.viewer.renderers.raw import RawRenderer
from workbench.gui.traces.viewer.renderers.table import TableRenderer
from workbench.gui.traces.viewer.renderers.terminal import TerminalRenderer

#: All of them: the one place where a renderer registers. Its class gives its name (``id``,
#: ``title``) and its priority (``fit``, which depends on the text). The last never fails.
RENDERERS: tuple[Renderer, ...] = (
    DiffRenderer(),
    TerminalRenderer(),
    ArgumentsRenderer(),
    JsonRenderer(),
    JsonTreeRenderer(),
    TableRenderer(),
    MarkdownRenderer(),
    RawRenderer(),
)
