"""Text of a trace made safe for a page."""

from __future__ import annotations

import html
import re
from typing import Final

from workbench.traces.export_jsonl import clean

#: Letters that are not seen or turn the text around: they are named instead. Controls, zero width,
#: bidirectional marks (Unicode 16, UAX 9), line and paragraph separators, tags.
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Name every letter that cannot be seen, as in ``⟦U+202E⟧``; a line end is one newline."""
    text = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    return _HIDDEN.sub(lambda match: f"⟦U+{ord(match[0]):04X}⟧", text)


def escaped(text: str) -> str:
    """Return text for anywhere in a page: in an element, and in a quoted attribute."""
    return html.escape(visible(text))
