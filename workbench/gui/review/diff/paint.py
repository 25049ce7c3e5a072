"""How the rows of a diff are drawn: signs and colours, changed words, verdicts, buttons."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from functools import cache
from typing import Literal

from msgspec import Struct
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter

from workbench.domain.proposal import VerdictKind
from workbench.gui.review.diff.comments import paint_comment
from workbench.gui.review.diff.layout import EMPTY, Cell, Row, columns_of
from workbench.gui.review.diff.line import DiffLine
from workbench.gui.theme.current import colour
from workbench.gui.theme.fonts import mono_font, ui_font
from workbench.gui.theme.icons import paint_icon
from workbench.gui.widgets.badge import Tone, badge_width, paint_badge

Action = Literal["accept", "reject", "defer", "edit"]

#: What is drawn for a verdict: icon, colour of the theme, word.
MARKS: dict[VerdictKind | None, tuple[str, str, str]] = {
    "accept": ("check-circle", "success", "accepted"),
    "reject": ("error", "error", "rejected"),
    "defer": ("clock", "warning", "deferred"),
    None: ("dot", "text_muted", "open"),
}
_TONES: dict[VerdictKind | None, Tone] = {
    "accept": "success",
    "reject": "error",
    "defer": "warning",
    None: "neutral",
}
#: The buttons in the head of the current hunk: act, icon, word.
BUTTONS: tuple[tuple[Action, str, str], ...] = (
    ("accept", "check", "Accept"),
    ("reject", "close", "Reject"),
    ("defer", "clock", "Defer"),
    ("edit", "edit", "Edit"),
)
_GROUNDS = {"add": "add_background", "remove": "remove_background"}
_STRONG = {"add": "add_strong", "remove": "remove_strong"}
_SIGNS = {"add": "+", "remove": "−"}
#: What became of a key of the front matter: word and colour of the theme.
_STATES = {
    "added": ("added", "success"),
    "removed": ("removed", "error"),
    "changed": ("changed", "info"),
    "rewritten": ("same value, written otherwise", "text_muted"),
}
BAR, PAD = 4, 8
BUTTON_WIDTH = 26


class HunkMark(Struct, frozen=True):
    """What the head of a hunk says: verdict, whether a person edited it, evidence found.

    ``alone`` is what tasks said of it taken alone; ``locked`` says that a lock holds it back.
    ``said`` counts the comments on its lines, ``part`` says which part of a split hunk it is.
    A ``silent`` one has no verdict: it is no question any more.
    """

    kind: VerdictKind | None = None
    edited: bool = False
    reason: str = ""
    evidence: str = ""
    silent: bool = False
    alone: str = ""
    locked: bool = False
    said: str = ""
    part: str = ""

    @property
    def words(self) -> str:
        """What the head says besides the verdict, for those who hear it."""
        lock = "held back by a lock" if self.locked else ""
        told = (self.part, self.evidence, self.alone, lock, self.said)
        return ", ".join(part for part in told if part)


class Geometry(Struct, frozen=True):
    """Widths in px: of one side, of what stands before its text, of one character."""

    half: int
    gutter: int
    sign: float


class Look(Struct, frozen=True):
    """The state of the view: current hunk, focus, whether there are buttons, the hovered one."""

    current: int
    focused: bool
    editable: bool
    hovered: tuple[int, str]


def _alone_token(words: str) -> str:
    """Return the colour of what is said beside a hunk: what breaks tasks stands out."""
    if words.startswith("reviewers differ"):
        return "warning"
    if not words.startswith("alone"):
        return "text_muted"
    return "error" if "broken" in words else "success" if "repaired" in words else "text_muted"


def buttons_of(head: QRect, *, editable: bool) -> dict[Action, QRect]:
    """Return where the buttons of a head are; none where nothing can be decided."""
    if not editable:
        return {}
    right = head.right() - 8
    places: dict[Action, QRect] = {}
    for action, _, _ in reversed(BUTTONS):
        right -= BUTTON_WIDTH
        places[action] = QRect(right, head.top() + 4, BUTTON_WIDTH, head.height() - 8)
        right -= 2
    return places


class DiffPainter:
    """Draws rows with one painter; made for each paint."""

    def __init__(
        self,
        painter: QPainter,
        geometry: Geometry,
        lines: Sequence[DiffLine],
        marks: Sequence[HunkMark],
        look: Look,
    ) -> None:
        self._painter = painter
        self._geometry = geometry
        self._lines = lines
        self._marks = marks
        self._look = look
        self._font = mono_font()
        #: A paint asks for the same few colours thousands of times.
        self._colour = cache(colour)

    def row(self, row: Row, box: QRect) -> None:
        """Draw one row into a box of the viewport."""
        line = self._lines[row.left.line] if row.left is not None and row.left != EMPTY else None
        if line is not None and line.kind == "file":
            self._file(box, line)
            return
        if line is not None and line.kind == "hunk":
            self._head(box, line)
        elif line is not None and line.kind == "key":
            self._key(box, line)
        elif line is not None and row.left is not None and line.kind == "comment":
            start = box.left() + BAR + self._geometry.gutter
            paint_comment(self._painter, box, start, line, row.left)
        elif row.right is None:
            self._cell(box, row.left, both=True, left=True)
        else:
            middle = box.left() + self._geometry.half
            left, right = QRect(box), QRect(box)
            left.setRight(middle - 1)
            right.setLeft(middle)
            self._cell(left, row.left, both=False, left=True)
            self._cell(right, row.right, both=False, left=False)
            self._painter.fillRect(middle, box.top(), 1, box.height(), self._colour("border"))
        self._bar(box, row.hunk)

    def _bar(self, box: QRect, hunk: int) -> None:
        if hunk < 0:
            return
        kind = self._marks[hunk].kind if hunk < len(self._marks) else None
        token = MARKS[kind][1] if kind is not None else "border"
        if hunk == self._look.current and kind is None:
            token = "accent"
        self._painter.fillRect(box.left(), box.top(), BAR, box.height(), self._colour(token))

    def _file(self, box: QRect, line: DiffLine) -> None:
        self._painter.fillRect(box, self._colour("sunken"))
        self._painter.fillRect(box.left(), box.bottom(), box.width(), 1, self._colour("border"))
        paint_icon(self._painter, "file-text", QRectF(12, box.center().y() - 7, 16, 16))
        self._painter.setFont(ui_font())
        counts = f"+{line.added}  −{line.removed}"
        width = self._painter.fontMetrics().horizontalAdvance(counts)
        self._painter.setPen(self._colour("text_muted"))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        self._painter.drawText(
            box.adjusted(0, 0, -16, 0), middle | int(Qt.AlignmentFlag.AlignRight), counts
        )
        self._painter.setFont(ui_font(bold=True))
        self._painter.setPen(self._colour("text"))
        room = box.adjusted(36, 0, -32 - width, 0)
        name = self._painter.fontMetrics().elidedText(
            line.text, Qt.TextElideMode.ElideMiddle, room.width()
        )
        self._painter.drawText(room, middle, name)

    def _head(self, box: QRect, line: DiffLine) -> None:
        current = line.hunk == self._look.current
        mark = self._marks[line.hunk] if line.hunk < len(self._marks) else HunkMark()
        self._painter.fillRect(box, self._colour("hover" if current else "window"))
        sign, token, word = MARKS[mark.kind]
        paint_icon(self._painter, sign, QRectF(14, box.center().y() - 7, 16, 16), token)
        right = box.right() - 8
        buttons = buttons_of(box, editable=self._look.editable) if current else {}
        if buttons:
            right = min(place.left() for place in buttons.values()) - 8
            self._head_buttons(buttons, mark.kind)
        self._painter.setFont(ui_font())
        if not mark.silent:
            words = f"{word}, edited" if mark.edited else word
            words = f"{word}: {mark.reason}" if mark.reason else words
            width = badge_width(words, _TONES[mark.kind], self._painter.font(), sign=False)
            right -= round(width)
            paint_badge(
                self._painter, right, box.center().y() + 0.5, words, _TONES[mark.kind], sign=False
            )
        self._painter.setFont(ui_font())
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        for words in (mark.alone, mark.evidence, mark.said):
            width = self._painter.fontMetrics().horizontalAdvance(words)
            if words and right - width - 220 > 0:
                right -= width + 12
                self._painter.setPen(self._colour(_alone_token(words)))
                self._painter.drawText(QRect(right, box.top(), width, box.height()), middle, words)
        self._painter.setFont(ui_font(bold=current))
        self._painter.setPen(self._colour("text"))
        left = 38
        if mark.locked:
            paint_icon(self._painter, "lock", QRectF(36, box.center().y() - 7, 16, 16), "warning")
            left = 58
        room = QRect(left, box.top(), right - left - 12, box.height())
        title = self._painter.fontMetrics().elidedText(
            f"{line.text} · {mark.part}" if mark.part else line.text,
            Qt.TextElideMode.ElideRight,
            room.width(),
        )
        self._painter.drawText(room, middle, title)
        if current and self._look.focused:
            self._painter.setPen(self._colour("focus"))
            self._painter.drawRect(box.adjusted(0, 0, -1, -1))

    def _head_buttons(self, places: dict[Action, QRect], kind: VerdictKind | None) -> None:
        for action, sign, _ in BUTTONS:
            place = places[action]
            if self._look.hovered == (self._look.current, action):
                self._painter.fillRect(place, self._colour("selection"))
            token = MARKS[kind][1] if action == kind else "text"
            middle = place.center()
            paint_icon(self._painter, sign, QRectF(middle.x() - 7, middle.y() - 7, 16, 16), token)

    def _key(self, box: QRect, line: DiffLine) -> None:
        """Draw the name of a key and what became of it."""
        self._painter.fillRect(box, self._colour("surface"))
        start = box.left() + BAR + self._geometry.gutter
        self._painter.setFont(mono_font())
        self._painter.setPen(self._colour("code_key"))
        middle = int(Qt.AlignmentFlag.AlignVCenter)
        room = box.adjusted(start - box.left(), 0, -PAD, 0)
        self._painter.drawText(room, middle, line.text)
        width = self._painter.fontMetrics().horizontalAdvance(line.text)
        words, token = _STATES.get(line.state, (line.state, "text_muted"))
        self._painter.setFont(ui_font(0.92))
        self._painter.setPen(self._colour(token))
        self._painter.drawText(room.adjusted(width + 2 * PAD, 0, 0, 0), middle, words)

    def _cell(self, box: QRect, cell: Cell | None, *, both: bool, left: bool) -> None:
        if cell is None or cell == EMPTY:
            self._painter.fillRect(box, self._colour("sunken"))
            return
        line = self._lines[cell.line]
        mark = self._marks[line.hunk] if 0 <= line.hunk < len(self._marks) else HunkMark()
        refused = mark.kind in ("reject", "defer") and line.kind in ("add", "remove")
        ground = _GROUNDS.get(line.kind)
        if line.twin >= 0:
            ground = "info_soft"
        if ground is not None and not refused:
            self._painter.fillRect(box, self._colour(ground))
        self._painter.setFont(self._font)
        if cell.start == 0 and line.kind != "move":
            self._numbers(box, line, both=both, left=left)
        start = box.left() + BAR + self._geometry.gutter
        if not refused:
            self._words(start, box, line, cell)
        if line.kind in ("note", "move"):
            self._painter.setFont(ui_font(0.92))
        tokens = {"note": "text_muted", "move": "info"}
        token = "text_muted" if refused else tokens.get(line.kind, "text")
        self._painter.setPen(self._colour(token))
        if line.kind == "move" and cell.start == 0:
            sign = "arrow-up" if self._is_above(line) else "arrow-down"
            paint_icon(self._painter, sign, QRectF(start - 20, box.center().y() - 6, 14, 14), token)
        self._text(start, box, line.text[cell.start : cell.end])
        if line.signs:
            self._signs(start, box, line, cell)

    def _is_above(self, line: DiffLine) -> bool:
        """Say whether the other end of what moved stands above: the lines know their order."""
        return self._lines[line.twin].hunk < line.hunk

    def _words(self, start: float, box: QRect, line: DiffLine, cell: Cell) -> None:
        """Draw the ground of the changed words of a cell."""
        sign = self._geometry.sign
        at = bisect.bisect_right(line.words, cell.start, key=lambda span: span[1])
        for first, last in line.words[at:]:
            begin, end = max(first, cell.start), min(last, cell.end)
            if begin >= cell.end:
                break
            x = start + columns_of(line.text[cell.start : begin]) * sign
            width = columns_of(line.text[begin:end]) * sign
            self._painter.fillRect(
                QRectF(x, box.top() + 1, width, box.height() - 2),
                self._colour(_STRONG.get(line.kind, "hover")),
            )

    def _signs(self, start: float, box: QRect, line: DiffLine, cell: Cell) -> None:
        """Draw the signs for blanks, and behind the text how the line ends."""
        signs = line.signs[cell.start : cell.end]
        length = len(line.text)
        self._painter.setPen(self._colour("text_muted"))
        inside = signs[: max(0, length - cell.start)]
        if inside.strip():
            wide = "" if line.text.isascii() else line.text[cell.start : cell.end]
            if not wide:
                self._text(start, box, inside)
            for at, sign in enumerate(inside if wide else ""):
                if sign != " ":
                    self._text(start + columns_of(wide[:at]) * self._geometry.sign, box, sign)
        behind = signs[len(inside) :].strip()
        if behind:
            before = columns_of(line.text[cell.start : cell.end]) + 1
            x = start + before * self._geometry.sign
            self._painter.setFont(ui_font(0.85))
            self._painter.setPen(self._colour("warning"))
            self._text(x, box, behind)

    def _text(self, start: float, box: QRect, text: str) -> None:
        """Draw on the grid of columns; wide characters one by one, they may have another font."""
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip)
        if text.isascii() or columns_of(text) == len(text):
            self._painter.drawText(
                QRectF(start, box.top(), box.right() - start, box.height()), flags, text
            )
            return
        at = start
        for sign in text:
            self._painter.drawText(QRectF(at, box.top(), 40, box.height()), flags, sign)
            at += columns_of(sign) * self._geometry.sign

    def _numbers(self, box: QRect, line: DiffLine, *, both: bool, left: bool) -> None:
        sign = self._geometry.sign
        self._painter.setPen(self._colour("line_number"))
        gutter = self._geometry.gutter
        inside = gutter - 2 * sign - 2 * PAD
        at = float(box.left() + BAR + PAD)
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        numbers = (line.old, line.new) if both else ((line.old,) if left else (line.new,))
        width = (inside - PAD * (len(numbers) - 1)) / len(numbers)
        for number in numbers:
            if number:
                self._painter.drawText(
                    QRectF(at, box.top(), width, box.height()), flags, str(number)
                )
            at += width + PAD
        token = {"add": "success", "remove": "error"}.get(line.kind, "text_muted")
        self._painter.setPen(self._colour(token))
        place = QRectF(box.left() + BAR + gutter - 2 * sign, box.top(), sign, box.height())
        self._painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), _SIGNS.get(line.kind, ""))
