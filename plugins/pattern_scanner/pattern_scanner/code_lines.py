"""Scripts of any language, line by line: packing, orders for the agent, and shells of others."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from pattern_scanner import limits
from pattern_scanner.characters import fold
from pattern_scanner.model import CodeBlock, Command, Role, Sighting
from pattern_scanner.places import MINING
from pattern_scanner.polarity import mentioned, negated
from pattern_scanner.rulebook import lexicon

_SCRAMBLED = re.compile(r"\b_0x[0-9a-f]{4,6}\b|\b[Il1O0]{8,40}\b|\b__{1,3}[lIO0_]{6,40}\b")
_PACKER = re.compile(
    r"eval\s*\(\s*function\s*\(\s*p\s*,\s*a\s*,\s*c\s*,\s*k|\(!\[\]\+\[\]\)\[\+|"
    r"\[\]\[\(!\[\]\+\[\]\)"
)
_BLOB = re.compile(r"['\"`]([A-Za-z0-9+/=]{600,20000}|(?:\\x[0-9a-f]{2}){150,5000})['\"`]")
_RUNS_SOMETHING = re.compile(
    r"\b(?:exec|eval|Function|system|popen|subprocess|spawn|iex|Invoke-Expression|loads|"
    r"child_process)\b"
)
_PRINTED = re.compile(
    r"(?:print|echo|console\.log|write|puts|Write-Host|printf)\b[^\n]{0,12}[\"'`]([^\n]{20,600})"
)
_SHELL_IN_CODE = re.compile(
    r"(?i)\b(?:system|exec|shell_exec|popen|passthru|Runtime\.getRuntime\(\)\.exec|os/exec|"
    r"exec\.Command|"
    r"Process\.Start|do shell script|WScript\.Shell|std::process::Command|IO\.popen|"
    r"Open3\.\w{3,10}|run)\b[^\n]{0,40}?[\"'`]([^\"'`\n]{4,600})"
)


def line_sightings(block: CodeBlock) -> Iterator[Sighting]:
    """Yield what the lines of a script say, whatever its language."""
    text = block.text
    scrambled = list(_SCRAMBLED.finditer(text[:200_000]))
    packed = _PACKER.search(text[:200_000])
    if packed:
        yield _at(block, packed.start(), "code-packed", "high")
    elif len(scrambled) >= 12:
        yield _at(block, scrambled[0].start(), "code-packed", "medium")
    elif _RUNS_SOMETHING.search(text):
        blob = _BLOB.search(text[:400_000])
        if blob and _entropy(blob.group(1)) > 4.2 and block.role == Role.INSTRUCTION:
            yield _at(block, blob.start(), "code-packed", "medium")
    mined = MINING.search(text)
    if mined:
        yield _at(block, mined.start(), "code-mines", None)
    yield from _orders(block)


def _at(block: CodeBlock, offset: int, rule: str, severity: str | None) -> Sighting:
    line = block.line + block.text.count("\n", 0, offset)
    shown = block.text[offset : offset + 200].split("\n", 1)[0]
    return Sighting(rule, block.path, line, line, shown, severity, role=block.role)  # type: ignore[arg-type]


def _entropy(text: str) -> float:
    counts = Counter(text[:4000])
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values())


def _orders(block: CodeBlock) -> Iterator[Sighting]:
    known = lexicon().concepts
    found = 0
    for match in _PRINTED.finditer(block.text[:400_000]):
        text, _ = fold(match.group(1))
        for concept in ("override", "conceal"):
            hit = known[concept].search(text)
            if (
                hit
                and not negated(text, hit.start())
                and not mentioned(text, hit.start(), hit.end())
            ):
                yield _at(
                    block,
                    match.start(),
                    "code-prompts",
                    "high" if concept == "override" else "medium",
                )
                found += 1
        if found >= limits.MAX_FINDINGS_PER_RULE:
            return


def shell_in_code(block: CodeBlock) -> Iterator[Command]:
    """Yield shell commands given as text in Ruby, PHP, Go, AppleScript and the like."""
    for number, line in enumerate(block.text.split("\n")[: limits.MAX_PASSAGES]):
        for match in _SHELL_IN_CODE.finditer(line[: limits.MAX_LINE]):
            yield Command(
                block.path, block.line + number, match.group(1), block.role, "string", line[:300]
            )


def comment_lines(text: str) -> list[str]:
    """Return the lines of a script with all but comments and documentation strings blanked."""
    kept: list[str] = []
    inside = ""
    for line in text.split("\n")[: limits.MAX_PASSAGES]:
        stripped = line.strip()
        if inside:
            kept.append(stripped.removesuffix(inside))
            inside = "" if inside in stripped else inside
            continue
        opened = next((mark for mark in ('"""', "'''", "/*") if stripped.startswith(mark)), "")
        if opened:
            closing = "*/" if opened == "/*" else opened
            inside = "" if closing in stripped[len(opened) :] else closing
            kept.append(stripped[len(opened) :].removesuffix(closing))
        elif stripped[:1] in ("#", "*") or stripped.startswith("//"):
            kept.append(stripped.lstrip("#/* "))
        else:
            kept.append("")
    return kept
