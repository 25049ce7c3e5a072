"""The text as it is."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.gui.traces.viewer.renderers.content import Content, Run, TextRenderer


class RawRenderer(TextRenderer):
    """Fits everything a little and never fails."""

    id = "raw"
    title = "Raw text"

    def fit(self, content: Content) -> float:
        return 0.1

    def prettify(self, content: Content) -> str:
        return content.text

    def colour(self, text: str) -> Sequence[Run]:
        return (Run(text.replace("\x1b", "\u241b")),)
