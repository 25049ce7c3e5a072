"""Messages to the person: one function a severity, repeated ones update in place.

Nothing here is modal. The window shows what ``Notifier`` holds; a message with ``replace`` takes
the place of the earlier one of that key, so the same problem never stacks up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

_log = logging.getLogger(__name__)

Severity = Literal["info", "success", "warning", "error"]

_LEVELS = {
    "info": logging.INFO,
    "success": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


@dataclass(frozen=True, slots=True)
class MessageAction:
    """A button on a message."""

    title: str
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Message:
    """What happened, where, and what to do; ``details`` are shown on demand."""

    id: int
    severity: Severity
    text: str
    details: str = ""
    actions: tuple[MessageAction, ...] = ()
    replace: str = ""
    count: int = 1


class Notifier(QObject):
    """The messages now shown, oldest first."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages: list[Message] = []
        self._next = 1

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages now shown, oldest first."""
        return tuple(self._messages)

    def info(
        self,
        text: str,
        *,
        replace: str = "",
        details: str = "",
        actions: tuple[MessageAction, ...] = (),
    ) -> int:
        """Tell something that needs no answer; return its id."""
        return self._show("info", text, replace, details, actions)

    def success(
        self,
        text: str,
        *,
        replace: str = "",
        details: str = "",
        actions: tuple[MessageAction, ...] = (),
    ) -> int:
        """Tell that long work, which the person may have left, is done; return its id."""
        return self._show("success", text, replace, details, actions)

    def warning(
        self,
        text: str,
        *,
        replace: str = "",
        details: str = "",
        actions: tuple[MessageAction, ...] = (),
    ) -> int:
        """Tell something that may need a hand; return its id."""
        return self._show("warning", text, replace, details, actions)

    def error(
        self,
        text: str,
        *,
        replace: str = "",
        details: str = "",
        actions: tuple[MessageAction, ...] = (),
    ) -> int:
        """Tell that something asked for did not happen; return its id."""
        return self._show("error", text, replace, details, actions)

    def problem(self, raised: BaseException) -> int:
        """Tell of an exception: a problem in words as it is, anything else with its type."""
        words = str(raised).strip()
        text = words or f"An unexpected {type(raised).__name__} occurred. The log has the details."
        return self._show("error", text, f"problem:{type(raised).__name__}:{words}", "", (), raised)

    def dismiss(self, message_id: int) -> None:
        """Take a message away."""
        self._messages = [message for message in self._messages if message.id != message_id]
        self.changed.emit()

    def dismiss_key(self, replace: str) -> None:
        """Take away the message of that ``replace`` key, when its reason is gone."""
        self._messages = [message for message in self._messages if message.replace != replace]
        self.changed.emit()

    def _show(  # noqa: PLR0917 - private, called by position above
        self,
        severity: Severity,
        text: str,
        replace: str,
        details: str,
        actions: tuple[MessageAction, ...],
        raised: BaseException | None = None,
    ) -> int:
        _log.log(_LEVELS[severity], "%s", text, exc_info=raised)
        earlier = next((m for m in self._messages if replace and m.replace == replace), None)
        count = 1
        if earlier is not None:
            count = earlier.count + 1 if earlier.text == text else 1
            self._messages.remove(earlier)
        message = Message(self._next, severity, text, details, actions, replace, count)
        self._next += 1
        self._messages.append(message)
        self.changed.emit()
        return message.id
