"""Which findings are listed, and as which rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.domain.finding import LEVELS, Finding, Level, SkillScan
from workbench.gui.widgets.badge import Tone
from workbench.gui.widgets.two_line_row import TwoLines

#: Sign and colour of each severity.
SIGNS: dict[Level, tuple[str, str]] = {
    "critical": ("error", "error"),
    "high": ("error", "error"),
    "medium": ("warning", "warning"),
    "low": ("info", "info"),
    "info": ("hint", "text_muted"),
}
TONES: dict[Level, Tone] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "info",
    "info": "neutral",
}


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """What is looked for. Empty texts mean all; ``least`` is the mildest severity listed."""

    words: str = ""
    least: Level = "info"
    category: str = ""
    plugin: str = ""
    suppressed: bool = False

    def passes(self, finding: Finding) -> bool:
        """Say whether a finding is listed."""
        if finding.suppressed is not None and not self.suppressed:
            return False
        if LEVELS.index(finding.severity) < LEVELS.index(self.least):
            return False
        if self.category not in ("", finding.category) or self.plugin not in ("", finding.plugin):
            return False
        text = f"{finding.rule} {finding.path} {finding.evidence} {finding.skill}".casefold()
        return all(word in text for word in self.words.casefold().split())


def listed(scans: Iterable[SkillScan], wanted: FindingFilter) -> list[Finding]:
    """Return the findings that pass, from the worst to the mildest."""
    found = [one for scan in scans for one in scan.findings if wanted.passes(one)]
    found.sort(key=lambda one: (-LEVELS.index(one.severity), one.skill, one.path, one.line))
    return found


def finding_key(finding: Finding) -> tuple[str, str, str, str, int]:
    """Return what makes a finding the same row."""
    return finding.skill, finding.rule, finding.path, finding.fingerprint, finding.line


def finding_rows(findings: Sequence[Finding], *, with_skill: bool) -> list[tuple[TwoLines, object]]:
    """Return findings as rows; ``with_skill`` names the skill, when several are listed."""
    return [(finding_lines(one, with_skill=with_skill), one) for one in findings]


def finding_lines(finding: Finding, *, with_skill: bool = False) -> TwoLines:
    """Return a finding as a row: the rule in words, the evidence, the place."""
    place = f"{finding.path}:{finding.line}"
    sign, token = SIGNS[finding.severity]
    badges: list[tuple[str, Tone]] = [(finding.severity, TONES[finding.severity])]
    if finding.suppressed is not None:
        badges.insert(0, ("suppressed", "neutral"))
    return TwoLines(
        title=rule_words(finding.rule),
        detail=visible(" ".join(finding.evidence.split()))[:300],
        aside=f"{finding.skill}/{place}" if with_skill else place,
        badges=tuple(badges),
        icon=sign,
        token="text_muted" if finding.suppressed is not None else token,
        faint=finding.suppressed is not None,
        tip=f"{finding.rule} ({finding.plugin})\n{place}\n{visible(finding.evidence)[:600]}",
    )


def rule_words(rule: str) -> str:
    """Return a rule id for people: "fetch-pipe-shell" as "Fetch pipe shell"."""
    words = rule.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def visible(text: str) -> str:
    """Return a text whose characters that cannot be seen, or that reorder it, are spelled out."""
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    code = ord(character)
    if character in "\n\t" or 0x20 <= code < 0x7F:
        return character
    hidden = (
        code < 0x20
        or 0x7F <= code < 0xA0
        or code in (0xAD, 0x61C, 0x180E, 0xFEFF)
        or 0x200B <= code <= 0x200F
        or 0x2028 <= code <= 0x202E
        or 0x2060 <= code <= 0x206F
        or 0xE0000 <= code <= 0xE0FFF
        or 0xD800 <= code <= 0xDFFF
    )
    return f"⟨U+{code:04X}⟩" if hidden else character
