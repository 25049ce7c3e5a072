"""What each fact of the strip says, and what came and went since the last selection. No Qt."""

from __future__ import annotations

from msgspec import Struct

from workbench.gui.models.skill_rows import size_text
from workbench.gui.review.checks.rows import FACTS, HIGH, CheckRow, FactName, check_rows, counted
from workbench.gui.review.checks.selection import Checked
from workbench.gui.review.words import LEVEL_TONES, level_text
from workbench.gui.widgets.badge import Tone
from workbench.review.checks.costs import Tokens

#: Signs that rank what came; figures and better things are no problems.
_PROBLEMS = ("error", "warning", "info", "hint")


class FactWords(Struct, frozen=True):
    """A fact in a few words, with the tone of its sign, and more for the tip."""

    text: str
    tone: Tone
    tip: str = ""


class Told(Struct, frozen=True):
    """The checks of one selection in words: facts by name, and the rows behind them."""

    facts: dict[FactName, FactWords]
    rows: tuple[CheckRow, ...]
    tokens: int


def told(checked: Checked) -> Told:
    """Return the checks in words."""
    rows = check_rows(checked)
    facts: dict[FactName, FactWords] = {
        "Format": _format(checked, rows),
        "Size": _size(checked),
        "Security": _security(checked),
        "Links": _came_and_went(rows, "Links", ("breaks", "break"), "mended"),
        "Overlap": _came_and_went(rows, "Overlap", ("new", "new"), "gone"),
        "Text": _text(checked),
        "Gate": FactWords(
            level_text(checked.gate.level),
            LEVEL_TONES[checked.gate.level],
            " ".join(checked.gate.reasons) or "Nobody has run tasks with this change.",
        ),
    }
    return Told(facts, rows, _tokens(checked))


class Change(Struct, frozen=True):
    """What came and went of a fact: in signs for a narrow line, and in words."""

    short: str
    words: str


def since(before: Told, now: Told) -> dict[FactName, Change]:
    """Return what came and went, for each fact that changed."""
    found: dict[FactName, Change] = {}
    for fact in FACTS:
        was, is_ = before.facts[fact].text, now.facts[fact].text
        change = None if fact in ("Size", "Gate") else _of_rows(before, now, fact)
        if fact == "Size" and before.tokens != now.tokens:
            by = f"{now.tokens - before.tokens:+,} tokens".replace("-", "−")
            change = Change(by, by)
        if change is None and was != is_:
            change = Change(is_, f"{is_}, was {was}")
        if change is not None:
            found[fact] = change
    return found


def _of_rows(before: Told, now: Told, fact: FactName) -> Change | None:
    came, went = _only(now.rows, before.rows, fact), _only(before.rows, now.rows, fact)
    words: list[str] = []
    signs: list[str] = []
    for noun, which in (("problem", _is_problem), ("solution", _is_better)):
        for rows, verb, sign in ((came, "came", "+"), (went, "went", "−")):
            count = sum(map(which, rows))
            if count:
                words.append(f"{count} {noun}{'' if count == 1 else 's'} {verb}")
                signs.append(f"{sign}{count}" if noun == "problem" else f"{sign}{count} solved")
    return Change(" ".join(signs), ", ".join(words)) if words else None


def since_line(changes: dict[FactName, Change]) -> str:
    """Return what changed in signs, as parts with " · " between them."""
    parts = [f"{fact} {changes[fact].short}" for fact in FACTS if fact in changes]
    return " · ".join(("Since the last selection", *(parts or ["nothing else changed"])))


def since_sentence(changes: dict[FactName, Change]) -> str:
    """Return what changed in words: for the tip and for screen readers."""
    if not changes:
        return "Since the last selection: nothing else in the checks changed."
    parts = "; ".join(f"{fact}: {changes[fact].words}" for fact in FACTS if fact in changes)
    return f"Since the last selection: {parts}."


def _only(
    these: tuple[CheckRow, ...], those: tuple[CheckRow, ...], fact: FactName
) -> list[CheckRow]:
    known = {(row.fact, row.key) for row in those}
    return [row for row in these if row.fact == fact and (row.fact, row.key) not in known]


def _is_problem(row: CheckRow) -> bool:
    return row.sign in _PROBLEMS and row.key[0] not in ("client", "at")


def _is_better(row: CheckRow) -> bool:
    return row.key[0] == "gone"


def _format(checked: Checked, rows: tuple[CheckRow, ...]) -> FactWords:
    new, gone = counted(rows, "Format", "new"), counted(rows, "Format", "gone")
    errors = sum(row.sign == "error" for row in new)
    worse = [one.client for one in checked.clients if one.new]
    text, tone = "nothing new", _tone("success")
    if errors:
        text, tone = f"{errors} new errors" if errors > 1 else "1 new error", _tone("error")
    elif new:
        text = f"{len(new)} new problems" if len(new) > 1 else "1 new problem"
        tone = _tone("warning")
    elif counted(rows, "Format", "twice"):
        text, tone = "look twice", _tone("warning")
    if gone:
        text += f", {len(gone)} solved"
    tip = f"For {', '.join(worse)}." if worse else f"For {len(checked.clients)} clients."
    return FactWords(text, tone, tip)


def _size(checked: Checked) -> FactWords:
    by = checked.size_after - checked.size_before
    words = "as before" if not by else f"{'+' if by > 0 else '−'}{size_text(abs(by))}"
    tokens = _tokens(checked)
    if tokens:
        words += f", {tokens:+,} tokens".replace("-", "−")
    costs = checked.result.costs
    lost = [name for one in costs.catalogues for name in one.dropped] if costs else []
    tip = (
        f"SKILL.md: {size_text(checked.size_before)} before, {size_text(checked.size_after)} after."
    )
    return FactWords(words, "warning" if lost else "neutral", tip)


def _tokens(checked: Checked) -> int:
    costs = checked.result.costs
    return sum(
        _all_tokens(one.after) - _all_tokens(one.before) for one in (costs.skills if costs else ())
    )


def _all_tokens(tokens: Tokens | None) -> int:
    return 0 if tokens is None else tokens.catalogue + tokens.body + tokens.resources


def _security(checked: Checked) -> FactWords:
    security = checked.result.security
    if checked.scan_problems:
        return FactWords("scan incomplete", "warning", " ".join(checked.scan_problems))
    if security is None:
        return FactWords("not scanned", "neutral", "No scanner is enabled (see Security).")
    bad = sum(one.severity in HIGH for one in security.new)
    gone = f", {len(security.gone)} gone" if security.gone else ""
    if bad:
        return FactWords(f"{bad} serious{gone}", "error")
    count = len(security.new) + len(security.capabilities)
    if count:
        return FactWords(f"{count} to look at{gone}", "warning")
    return FactWords(f"nothing new{gone}", "success")


def _came_and_went(
    rows: tuple[CheckRow, ...], fact: FactName, verbs: tuple[str, str], better: str
) -> FactWords:
    new, gone = counted(rows, fact, "new"), counted(rows, fact, "gone")
    parts = []
    if new:
        parts.append(f"{len(new)} {verbs[0] if len(new) == 1 else verbs[1]}")
    if gone:
        parts.append(f"{len(gone)} {better}")
    tips = {
        "Links": "Links and names of skills, in touched skills and in those that refer to them.",
        "Overlap": "Names, triggers, descriptions and texts, against every skill of the library.",
    }
    tone = _tone("warning" if new else "success")
    if any(row.sign == "error" for row in new):
        tone = _tone("error")
    return FactWords(", ".join(parts) or "as before", tone, tips[fact])


def _text(checked: Checked) -> FactWords:
    copied = checked.result.copied
    if not copied:
        return FactWords(
            "nothing copied",
            "success",
            "No new passage stands word for word in another skill, an installed one, or a trace "
            "behind this.",
        )
    count = "1 passage" if len(copied) == 1 else f"{len(copied)} passages"
    sources = ", ".join(dict.fromkeys(one.source for one in copied))
    return FactWords(f"{count} as elsewhere", "warning", f"Word for word as in {sources}.")


def _tone(name: Tone) -> Tone:
    return name
