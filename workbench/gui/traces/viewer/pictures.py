"""Decodes pictures of a trace, in a thread and within limits: they come from strangers."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageReader, QPixmap
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from workbench.gui.traces.viewer.media import PictureRef, picture_bytes
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

#: A picture that says it is larger is not decoded: a file of some kB can unfold to gigabytes.
MOST_PIXELS = 40_000_000
#: The largest side of a picture within a step.
INLINE = QSize(900, 700)
_ALLOCATION_MB = 256


def decoded_picture(data: bytes, kind: str, largest: QSize | None = None) -> QImage:
    """Return a picture, no larger than ``largest``.

    Raises:
        TraceError: it is damaged, of another format than it says, or too large.
    """
    held = QByteArray(data)
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind.encode()))
    reader.setAutoDetectImageFormat(False)
    reader.setAllocationLimit(_ALLOCATION_MB)
    size = reader.size()
    if not size.isValid():
        raise TraceError("The picture is damaged: it does not say its size.")
    if size.width() * size.height() > MOST_PIXELS:
        raise TraceError(
            f"The picture is {size.width():,} × {size.height():,} pixels; at most "
            f"{MOST_PIXELS:,} pixels are decoded."
        )
    if largest is not None and (size.width() > largest.width() or size.height() > largest.height()):
        reader.setScaledSize(size.scaled(largest, Qt.AspectRatioMode.KeepAspectRatio))
    image = reader.read()
    if image.isNull():
        raise TraceError(f"The picture is damaged: {reader.errorString()}.")
    return image


def read_pictures(
    trace: OpenTrace, pictures: tuple[PictureRef, ...], largest: QSize | None = INLINE
) -> dict[str, QImage | str]:
    """Return each picture by its id, or the words why it cannot be shown. For a thread."""
    found: dict[str, QImage | str] = {}
    for picture in pictures:
        try:
            found[picture.id] = decoded_picture(
                picture_bytes(trace, picture), picture.format, largest
            )
        except TraceError as problem:
            found[picture.id] = str(problem)
        except OSError as problem:
            found[picture.id] = f"The picture cannot be read: {problem}."
    return found


class PictureView(QScrollArea):
    """A picture in its own size; Ctrl+C copies it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = QLabel()
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._image = QImage()
        self.setAccessibleName("Picture")
        self.setWidgetResizable(True)
        self.setWidget(self._label)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_image(self, image: QImage | None) -> None:
        """Show a picture, or with None let it go."""
        self._image = image or QImage()
        self._label.setPixmap(QPixmap.fromImage(self._image))

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self._image)
