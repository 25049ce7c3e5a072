"""Lines as they are shown: hidden characters spelled out, blanks made visible. No Qt."""

from __future__ import annotations

import re
import unicodedata

from workbench.domain.text import HIDDEN

_TAB = 4
_TRAILING = re.compile(r"\s+\Z")
#: What stands for a space, the beginning of a tab, and any other blank.
_SPACE, _TAB_SIGN, _OTHER = "·", "→", "°"


def visible(line: str) -> str:
    """Return a line as it can be shown: no line end, and every hidden character spelled out.

    Characters that draw nothing or turn the direction of text (categories Cc, Cf, Zl, Zp) could
    hide what a line really says (CVE-2021-42574); they become ``[U+202E]``.
    """
    return shown(line, trailing=False)[0]


def shown(line: str, *, every: bool = False, trailing: bool = True) -> tuple[str, str]:
    """Return a line as ``visible`` gives it, and the signs for its blanks to be drawn over it.

    The signs stand in a text of their own, as long as the line up to the last of them: "·" for a
    space, "→" for a tab, "°" for any other blank. There is one for every tab, for blanks at the
    end with ``trailing``, and with ``every`` for all of them.
    """
    text = line.rstrip("\r\n")
    if text.isprintable() and not (every or (trailing and text[-1:] == " ")):
        return text, ""
    end = _TRAILING.search(text) if trailing else None
    tail = end.start() if end else len(text)
    letters: list[str] = []
    signs: list[str] = []
    length = 0
    for at, sign in enumerate(text):
        piece, over = sign, " "
        if sign == "\t":
            piece = " " * (_TAB - length % _TAB)
            over = _TAB_SIGN.ljust(len(piece))
        elif sign != " " and not sign.isprintable() and unicodedata.category(sign) in HIDDEN:
            piece = f"[U+{ord(sign):04X}]"
            over = " " * len(piece)
        elif (every or at >= tail) and sign.isspace():
            over = _SPACE if sign == " " else _OTHER
        letters.append(piece)
        signs.append(over)
        length += len(piece)
    return "".join(letters), "".join(signs).rstrip(" ")


def hidden_characters(text: str) -> tuple[str, ...]:
    """Return the characters of a text that draw nothing, each once, as ``U+202E``."""
    found = {
        f"U+{ord(sign):04X}"
        for sign in text
        if sign not in "\t\r\n" and unicodedata.category(sign) in HIDDEN
    }
    return tuple(sorted(found))
