"""What people and models say to each other: Markdown, never with HTML."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.gui.traces.viewer.renderers.content import Content, Form, Run, TextRenderer


class MarkdownRenderer(TextRenderer):
    """The view lays the text out itself, HTML switched off and nothing loaded."""

    id = "markdown"
    title = "Markdown"
    form: Form = "markdown"

    def fit(self, content: Content) -> float:
        if content.role in ("text", "reasoning"):
            return 0.6
        return 0.05 if content.role == "observation" else 0.0

    def prettify(self, content: Content) -> str:
        return content.text

    def colour(self, text: str) -> Sequence[Run]:
        return (Run(text),)
