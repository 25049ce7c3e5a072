"""Messages in the lower right corner: never modal, newest at the bottom."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from workbench.gui.notify import Message, MessageAction, Notifier
from workbench.gui.theme.icons import icon
from workbench.gui.widgets.buttons import icon_button, push_button
from workbench.gui.widgets.layouts import column, row

_WIDTH = 400
_SHOWN = 3
_ICONS = {"info": "info", "success": "check-circle", "warning": "warning", "error": "error"}


class NotificationArea(QWidget):
    """The newest messages as cards over the window; older ones follow as these are closed."""

    def __init__(self, window: QWidget, notifier: Notifier) -> None:
        super().__init__(window)
        self._window = window
        self._notifier = notifier
        self._cards = column(self, spacing=8)
        self.setAccessibleName("Notifications")
        notifier.changed.connect(self._rebuild)
        window.installEventFilter(self)
        self._rebuild()

    def _rebuild(self) -> None:
        while (item := self._cards.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        newest = self._notifier.messages[-_SHOWN:]
        for message in newest:
            card = _Card(message, self._notifier)
            self._cards.addWidget(card)
            # A layout leaves out what is not shown, and new children are shown only later.
            card.show()
        self.setVisible(bool(newest))
        self._place()

    def _place(self) -> None:
        if not self.isVisible():
            return
        window = self._window
        width = min(_WIDTH, window.width() - 32)
        self.setFixedWidth(width)
        self._cards.activate()
        height = self._cards.heightForWidth(width)
        height = height if height > 0 else self._cards.sizeHint().height()
        self.setGeometry(window.width() - width - 16, window.height() - height - 40, width, height)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        return super().eventFilter(watched, event)


class _Card(QFrame):
    """One message with its buttons."""

    def __init__(self, message: Message, notifier: Notifier) -> None:
        super().__init__()
        self.setObjectName("Overlay")
        self.setAccessibleName(f"{message.severity}: {message.text}")
        inside = column(self, spacing=8)
        inside.setContentsMargins(12, 12, 8, 12)
        top = row(spacing=8)
        sign = QLabel()
        sign.setPixmap(icon(_ICONS[message.severity], message.severity).pixmap(QSize(16, 16)))
        top.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        text = message.text + (f"  ({message.count} times)" if message.count > 1 else "")
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        label.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        top.addWidget(label, 1)
        dismiss = icon_button(
            "close", "Close this notification", partial(notifier.dismiss, message.id)
        )
        top.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignTop)
        inside.addLayout(top)
        actions = list(message.actions)
        if message.details:
            actions.append(MessageAction("Copy details", partial(_copy, message)))
        if actions:
            buttons = row(spacing=8)
            buttons.addStretch(1)
            for action in actions:
                buttons.addWidget(
                    push_button(action.title, partial(_act, action, message, notifier))
                )
            inside.addLayout(buttons)


def _copy(message: Message) -> None:
    QGuiApplication.clipboard().setText(f"{message.text}\n\n{message.details}")


def _act(action: MessageAction, message: Message, notifier: Notifier) -> None:
    notifier.dismiss(message.id)
    action.run()
