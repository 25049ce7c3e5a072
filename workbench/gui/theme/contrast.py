"""Which text stands on which ground, and how well it can be read (WCAG 2.1, 1.4.3 and 1.4.11)."""

from __future__ import annotations

from workbench.gui.theme.tokens import Theme

#: Least ratio of text to its ground, and of lines that carry meaning to theirs.
TEXT_RATIO = 4.5
LINE_RATIO = 3.0

_GROUNDS = ("window", "surface", "sunken", "raised")
_CODE = (
    "code_key",
    "code_string",
    "code_number",
    "code_comment",
    "code_heading",
    "code_link",
    "code_fence",
    "code_emphasis",
    "line_number",
)
_STATES = ("error", "warning", "info", "success")

#: Pairs (text, ground) that are drawn somewhere.
TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *(
        (text, ground)
        for text in ("text", "text_muted", "accent", "link", *_STATES)
        for ground in _GROUNDS
    ),
    *((state, f"{state}_soft") for state in _STATES),
    *(("text", f"{state}_soft") for state in _STATES),
    *((code, ground) for code in _CODE for ground in ("surface", "current_line")),
    *(
        ("text", ground)
        for ground in (
            "hover",
            "current_line",
            "code_background",
            "add_background",
            "add_strong",
            "remove_background",
            "remove_strong",
        )
    ),
    ("text_muted", "hover"),
    ("code_fence", "code_background"),
    ("on_accent", "accent_fill"),
    ("on_accent", "accent_hover"),
    ("selection_text", "selection"),
    *((f"data_{number}", "surface") for number in range(1, 9)),
)

#: Pairs (line, ground) where the line alone tells something: outlines of fields, focus.
LINE_PAIRS: tuple[tuple[str, str], ...] = (
    *(("border_strong", ground) for ground in _GROUNDS),
    *(("focus", ground) for ground in _GROUNDS),
)


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``, 0..1."""
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1..21."""
    bright, dim = sorted((luminance(first), luminance(second)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def too_faint(theme: Theme) -> list[tuple[str, str, float]]:
    """Return the pairs of a theme that miss their ratio."""
    wanted = [(*pair, TEXT_RATIO) for pair in TEXT_PAIRS]
    wanted += [(*pair, LINE_RATIO) for pair in LINE_PAIRS]
    return [
        (front, ground, round(found, 2))
        for front, ground, least in wanted
        if (found := ratio(theme[front], theme[ground])) < least
    ]
