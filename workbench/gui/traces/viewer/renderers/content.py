"""Texts of a step and the ways to show them. No Qt.

A renderer says how well it fits, makes the text to be shown (``prettify``), and colours it
(``colour``), after the view has cut it to a size it can lay out. The idea is mitmproxy's content
views: the best fit is taken, and one that fails gives way to the next; ``raw`` never fails.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

_log = logging.getLogger(__name__)

Role = Literal["text", "reasoning", "arguments", "observation", "record"]
#: What a renderer gives: coloured characters, Markdown that the view lays out, or a table.
Form = Literal["runs", "markdown", "table"]

#: What a text widget can lay out without a pause: characters, lines, changes of look.
MOST_CHARACTERS = 64_000
MOST_LINES = 2_000
MOST_RUNS = 2_500
LONGEST_LINE = 10_000
#: Cells a text document can lay out without a pause; the view of a table shows all of them.
TABLE_ROWS = 60
TABLE_COLUMNS = 16
#: How much is shown before a place that was asked for.
_BEFORE = 2_000
_LEAD = 400

_CONTROLS = {
    **{code: chr(0x2400 + code) for code in range(32) if code not in (9, 10)},
    0x7F: "\u2421",
    0x2028: "\u21b5",
    0x2029: "\u21b5",
    # Signs that turn the direction of what follows must not rearrange what a person reads.
    **{
        code: f"\\u{code:04x}"
        for code in (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    },
}
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Content:
    """A text with where it comes from. ``tool`` is the tool's name, "" outside of calls."""

    text: str
    role: Role
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one look: colour tokens of the theme for text and ground, "" for the usual."""

    text: str
    token: str = ""
    ground: str = ""
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are columns; ``more`` rows were left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int = 0

    def head(self, rows: int, columns: int) -> Table:
        """Return the first rows and columns."""
        left = max(0, len(self.rows) - rows)
        kept = tuple(one[:columns] for one in self.rows[:rows])
        return Table(self.columns[:columns], kept, self.more + left)


class Renderer(Protocol):
    """A way to show a text. ``opens`` names a view of its own for the whole of it, "" for none."""

    id: str
    title: str
    form: Form
    opens: str

    def fit(self, content: Content) -> float:
        """Return how well it fits, 0 (not at all) to 1."""
        ...

    def prettify(self, content: Content) -> str:
        """Return the text to be shown."""
        ...

    def colour(self, text: str) -> Sequence[Run]:
        """Return a part of what ``prettify`` gave in colours."""
        ...

    def table(self, content: Content) -> Table:
        """Return the table of a text; asked for only where ``form`` is "table"."""
        ...


class TextRenderer:
    """What most renderers share: coloured characters, no view of their own."""

    form: Form = "runs"
    opens = ""

    def table(self, content: Content) -> Table:
        """Return the text as the one cell of a table."""
        return Table(("Text",), ((content.text,),))


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as it is shown.

    ``markdown`` is set where the view lays the text out itself; else ``runs`` are it. ``before``
    and ``after`` count characters that are left out, ``cut_lines`` the lines that were cut.
    ``ways`` are ids and titles of the renderers that fit, the best first. ``opens`` names the view
    that shows all of it.
    """

    renderer: str
    runs: tuple[Run, ...]
    markdown: str | None = None
    before: int = 0
    after: int = 0
    cut_lines: int = 0
    problem: str = ""
    ways: tuple[tuple[str, str], ...] = ()
    table: Table | None = None
    opens: str = ""

    @property
    def text(self) -> str:
        """The characters of all runs."""
        return "".join(run.text for run in self.runs)

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return not (self.before or self.after or self.cut_lines)


def show(
    content: Content,
    renderers: Sequence[Renderer],
    *,
    chosen: str = "",
    quote: str = "",
    most: int = MOST_CHARACTERS,
) -> Shown:
    """Show a text by the renderer that fits best, or by the ``chosen`` one.

    With a ``quote`` the first way whose text holds it is taken, and the part around it is shown.
    The last of ``renderers`` has to be the one that never fails.
    """
    ranked = fitting(content, renderers)
    ways = tuple((one.id, one.title) for one in ranked)
    ranked += [one for one in renderers if one.id in (chosen, "raw") and one not in ranked]
    ranked.sort(key=lambda one: one.id != chosen)
    problem = ""
    for renderer in ranked:
        try:
            shown = _by(renderer, content, quote, most)
        except Exception as raised:  # whatever a renderer does, the text is shown
            _log.exception("The %s view failed.", renderer.title)
            problem = f"The {renderer.title} view failed on this text ({type(raised).__name__})."
            continue
        if shown is not None:
            return replace(shown, problem=problem, ways=ways)
    if quote:
        return show(content, renderers, chosen=chosen, most=most)
    part, before, after, cut = cut_text(content.text, most)
    return Shown("raw", (Run(displayable(part)),), None, before, after, cut, problem, ways)


def _by(renderer: Renderer, content: Content, quote: str, most: int) -> Shown | None:
    """Show a text by one renderer, None where that cannot show the quote."""
    if renderer.form == "table":
        if quote:
            return None
        table = renderer.table(content).head(TABLE_ROWS, TABLE_COLUMNS)
        return Shown(renderer.id, (), table=table, opens=renderer.opens)
    text = renderer.prettify(content)
    at = text.find(quote) if quote else 0
    if at < 0 or (quote and renderer.form == "markdown"):
        return None
    part, before, after, cut = cut_text(text, most, at)
    part = displayable(part)
    laid_out = renderer.form == "markdown"
    runs = () if laid_out else _few(renderer.colour(part))
    markdown = part if laid_out else None
    return Shown(renderer.id, runs, markdown, before, after, cut, opens=renderer.opens)


def fitting(content: Content, renderers: Sequence[Renderer]) -> list[Renderer]:
    """Return the renderers that fit at all, the best first."""
    fits = [(_fit(one, content), one) for one in renderers]
    return [one for fit, one in sorted(fits, key=lambda pair: -pair[0]) if fit > 0]


def _few(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Leave the colours of a long tail out: each change of look costs time to lay out."""
    if len(runs) <= MOST_RUNS:
        return tuple(runs)
    rest = "".join(run.text for run in runs[MOST_RUNS:])
    return (*runs[:MOST_RUNS], Run(rest))


def _fit(renderer: Renderer, content: Content) -> float:
    try:
        return renderer.fit(content)
    except Exception:  # as above
        _log.exception("The %s view failed.", renderer.title)
        return 0.0


def displayable(text: str) -> str:
    """Return text in which every character can be seen: controls as pictures, CRLF as a line end.

    ESC stays where colours of a terminal follow it, for the renderer that reads them.
    """
    text = text.replace("\r\n", "\n")
    if not text.isprintable():
        kept = text.replace("\x1b[", "\ue000[").replace("\x1b]", "\ue000]")
        text = kept.translate(_CONTROLS).replace("\ue000", "\x1b")
        text = _SURROGATE.sub("\ufffd", text)
    return text


def cut_text(text: str, most: int = MOST_CHARACTERS, at: int = 0) -> tuple[str, int, int, int]:
    """Cut a text to what can be laid out: its beginning, or the part around ``at``.

    Returns:
        the part; the number of characters before it; after it; and the lines cut to 10,000.
    """
    start = 0
    if at > most - _BEFORE:
        start = max(text.rfind("\n", 0, at - _BEFORE // 2) + 1, at - _BEFORE)
    elif text.count("\n", 0, at) > MOST_LINES // 2:
        start = text.rfind("\n", 0, max(0, at - _LEAD)) + 1
    part = text[start : start + most]
    lines = part.split("\n", MOST_LINES)
    if len(lines) > MOST_LINES:
        part = part[: -len(lines[-1])] if lines[-1] else part
    after = len(text) - start - len(part)
    if len(part) <= LONGEST_LINE:
        return part, start, after, 0
    cut = 0
    lines = part.split("\n")
    place = at - start
    for number, line in enumerate(lines):
        if len(line) > LONGEST_LINE:
            first = max(0, place - _BEFORE) if 0 <= place < len(line) else 0
            lines[number] = line[first : first + LONGEST_LINE]
            cut += 1
        place -= len(line) + 1
    return "\n".join(lines), start, after, cut
