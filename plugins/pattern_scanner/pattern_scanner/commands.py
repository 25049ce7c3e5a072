"""Shell commands: found in documents and scripts, put together as they would run, then judged."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from pattern_scanner import limits
from pattern_scanner.decoding import decode_base64
from pattern_scanner.markdown import Document
from pattern_scanner.model import CodeBlock, Command, Fact, Passage, Role, Sighting
from pattern_scanner.polarity import mentioned, negated
from pattern_scanner.rulebook import Rule, rules_of

SHELL_LANGUAGES = frozenset(
    {"bash", "sh", "shell", "zsh", "console", "terminal", "shell-session", "powershell", "ps1",
     "pwsh", "cmd", "bat", "batch", "fish", ""}
)  # fmt: skip
_ASSIGN = re.compile(
    r"(?:^|[;&|]\s{0,9}|\bexport\s|\blocal\s|\bset\s)\$?([A-Za-z_]\w{0,39})\s?=\s?"
    r"(\"[^\"\n]{0,600}\"|'[^'\n]{0,600}'|\$\([^\n]{0,600}?\)(?=\s|;|$)|`[^`\n]{0,600}`|[^\s;|"
    r"&]{1,600})"
)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w{0,39})\}?")
_EMPTY_QUOTES = re.compile(r"(?<=\w)(?:''|\"\")(?=\w)|(?<=[a-z])\\(?=[a-z])")
_CONCATENATION = re.compile(r"['\"]\s?\+\s?['\"]")
_PROMPT = re.compile(
    r"^\s*(?:[$>%❯]|PS [^>]{0,40}>|[\w.-]{1,20}@[\w.-]{1,30}[:~][^$#\n]{0,40}[$#])\s+"
)
_INLINE = re.compile(r"`([^`\n]{6,400})`")
_LOOKS_LIKE_COMMAND = re.compile(
    r"(?i)^\s*(?:sudo\s+)?(?:curl|wget|bash|sh|zsh|echo|cat|nc|ncat|python3?|node|perl|rm|chmod|"
    r"eval|env|"
    r"printenv|crontab|powershell|iwr|irm|iex|osascript|tar|scp|dig|nslookup|xattr|spctl|find|"
    r"export|"
    r"source|base64|openssl|mshta|certutil|git|npx|pip3?|npm|jq|launchctl|security|history)\b"
)
_IN_PROSE = re.compile(
    r"\|\s*(?:sudo\s+)?(?:ba|z)?sh\b|/dev/tcp/|\bcurl\s+-|\bwget\s+-|\biwr\b[^\n]{0,200}iex"
)
_ECHO_BASE64 = re.compile(
    r"echo\s+(?:-n\s+)?[\"']?([A-Za-z0-9+/=]{12,4000})[\"']?\s*\|\s*base64\s+(?:-d|-D|--decode)"
)
_URL = re.compile(r"https?://([\w.${}-]{3,100})(?::\d{1,5})?(/[\w./-]{0,120})?")
_ADDRESS = re.compile(r"https?://(?:\d{1,3}\.){3}\d{1,3}")
_SECRET_PLACE = re.compile(
    r"(?i)/\.ssh\b|/\.aws\b|/\.gnupg|/etc/shadow|\.git-credentials|/\.netrc|/\.kube/config|id_rsa|"
    r"id_ed25519|login data|wallet\.dat|keychain|(?:^|[\s/\"'])\.env\b(?!\.)|\bprintenv\b|"
    r"^\s*env\b|\benv\s*[|>]"
)
_OUTPUT = re.compile(
    r"(?:>{1,2}|\s-o|\s-cz?f|\sczf|\scf|\s-czvf|\s-zcf|\szip -\w{0,3}|tee|"
    r"-out)\s+[\"']?([\w./~${}-]{3,120})"
)
_SENDS = re.compile(
    r"(?i)\b(?:curl|wget|nc|ncat|scp|rsync|ftp|sftp|rclone|aws s3|gsutil|invoke-\w{6,12}|http)\b"
)


@cache
def hosts() -> dict[str, list[str]]:
    """Return the lists of ``rules/hosts.toml``."""
    file = Path(__file__).parent / "rules" / "hosts.toml"
    loaded: dict[str, list[str]] = tomllib.loads(file.read_text(encoding="utf-8"))
    return loaded


def commands_of_document(document: Document) -> Iterator[Command]:
    """Yield the commands of fences, inline code and prose."""
    for block in document.blocks:
        if block.language in SHELL_LANGUAGES:
            yield from commands_of_script(block)
    for passage in document.passages:
        yield from _in_passage(passage)


def _in_passage(passage: Passage) -> Iterator[Command]:
    # `raw` may be cut into windows, so at most limits.MAX_SENTENCE is looked at.
    spans = [match.group(1) for match in _INLINE.finditer(passage.raw)]
    found = [(text, "inline") for text in spans if _LOOKS_LIKE_COMMAND.match(text)]
    if not found and _IN_PROSE.search(passage.raw):
        found = [(passage.raw, "inline")]
    for text, _ in found:
        role = passage.role
        start = passage.text.find(text.lower()[:40])
        start = max(start, 0)
        if negated(passage.text, start) or mentioned(passage.text, start, start + len(text)):
            role = Role.WARNING
        elif passage.medium in ("table", "meta"):
            role = min(role, Role.CAUTION)
        yield Command(
            passage.path, passage.line, _plain(text, {}), role,
            "decoded" if passage.hidden.startswith("decoded") else "inline", passage.raw,
        )  # fmt: skip


def commands_of_script(block: CodeBlock) -> Iterator[Command]:
    """Yield the commands of a block, with continuation lines joined and variables filled in."""
    variables: dict[str, str] = {}
    pending, first = "", 0
    origin = "script" if block.bundled else "fence"
    for number, line in enumerate(block.text.split("\n")):
        stripped = _PROMPT.sub("", line[: limits.MAX_LINE]).rstrip()
        if stripped.lstrip().startswith("#") and not stripped.startswith("#!"):
            continue
        if not pending:
            first = number
        pending += stripped
        if pending.endswith(("\\", "|", "&&", "`")) and len(pending) < limits.MAX_LINE:
            pending = pending.removesuffix("\\") + " "
            continue
        text, pending = pending, ""
        if not text.strip():
            continue
        plain = _plain(text, variables)
        for match in _ASSIGN.finditer(plain[: limits.MAX_LINE]):
            if len(variables) < 200:
                variables[match.group(1)] = match.group(2).strip("\"'")[:600]
        yield Command(block.path, block.line + first, plain, block.role, origin, text)  # type: ignore[arg-type]


def _plain(text: str, variables: dict[str, str]) -> str:
    """Undo what only hides a command: variables, empty quotes, joined strings, ``$IFS``."""
    filled = text.replace("${IFS}", " ").replace("$IFS", " ")
    if variables and "$" in filled:
        for _ in range(3):
            replaced = _VARIABLE.sub(lambda m: variables.get(m.group(1), m.group()), filled)
            if replaced == filled or len(replaced) > 2 * limits.MAX_LINE:
                break
            filled = replaced
    filled = _CONCATENATION.sub("", _EMPTY_QUOTES.sub("", filled))
    return filled[: 2 * limits.MAX_LINE]


def command_sightings(commands: Iterable[Command], subject: bool) -> Iterator[Sighting]:
    """Yield what the commands do. ``subject``: the skill teaches security."""
    staged: dict[tuple[str, str], int] = {}
    lines: dict[str, list[Command]] = {}
    for command in commands:
        if command.role == Role.WARNING:
            continue
        lowered = command.text.lower()
        for rule in rules_of("shell"):
            if rule.match and _matches(rule, command.text, lowered):
                yield from _judge(rule, command, subject)
        yield from _staging(command, staged)
        if command.origin in ("fence", "script"):
            lines.setdefault(command.path, []).append(command)
    for group in lines.values():
        yield from _across_lines(group, subject)


def _matches(rule: Rule, text: str, lowered: str) -> bool:
    if rule.trigger and not any(piece in lowered for piece in rule.trigger):
        return False
    if not any(pattern.search(text) for pattern in rule.match):
        return False
    return not any(pattern.search(text) for pattern in rule.unless)


def _judge(rule: Rule, command: Command, subject: bool) -> Iterator[Sighting]:
    severity = rule.severity
    confidence = rule.confidence
    decoded = None
    if rule.id == "fetch-pipe-shell":
        if any(host in command.text for host in hosts()["installers"]):
            severity = "info"
        elif (
            _ADDRESS.search(command.text)
            or any(host in command.text for host in hosts()["pastebins"])
            or "http://" in command.text
        ):
            severity, confidence = "high", "high"
    if rule.id == "decode-pipe-shell":
        token = _ECHO_BASE64.search(command.text)
        decoded = decode_base64(token.group(1).rstrip("=")) if token else None
    role = command.role
    if subject and command.origin != "script" and role == Role.INSTRUCTION:
        role = Role.CAUTION
    evidence = command.raw or command.text
    if decoded is None and command.text.strip() != evidence.strip() and command.raw:
        decoded = command.text
    last = command.line + command.raw.count("\n")
    yield Sighting(
        rule.id, command.path, command.line, last, evidence, severity, confidence, role, decoded
    )


def _staging(command: Command, staged: dict[tuple[str, str], int]) -> Iterator[Sighting]:
    """Follow a secret that is first written to a file and then sent."""
    for (path, target), line in staged.items():
        if path == command.path and target in command.text and _SENDS.search(command.text):
            yield Sighting(
                "staged-secrets", command.path, command.line, command.line, command.raw,
                role=command.role,
                flow=((path, line, f"writes secrets to {target}"),
                      (command.path, command.line, f"sends {target}")),
            )  # fmt: skip
            return
    if _SECRET_PLACE.search(command.text) and len(staged) < 50:
        for match in _OUTPUT.finditer(command.text):
            if not match.group(1).startswith("/dev/"):
                staged[(command.path, match.group(1))] = command.line
        copied = re.search(r"\bcp\s+(?:-\w+\s+)?\S{1,120}\s+([\w./~${}-]{3,120})\s*$", command.text)
        if copied:
            staged[(command.path, copied.group(1))] = command.line


_DOWNLOADED = re.compile(
    r"(?i)\b(?:curl|wget)\b[^\n]{0,300}?(?:\s-o\s*|\s-O\s*|\s--output[ =]|"
    r">\s*)[\"']?([\w./~${}-]{3,120})"
)
_DATA_SUFFIXES = (".json", ".csv", ".txt", ".md", ".html", ".pdf", ".png", ".yaml", ".yml")
_LOCAL_RUN = re.compile(
    r"(?i)(?:^|[;&|]\s*)(?:sudo\s+|nohup\s+|exec\s+)?(?:(?:ba|z|da)?sh\s+|python[\d.]*\s+|"
    r"node\s+|source\s+|\.\s+|open\s+)?"
    r"[\"']?((?:\./|/tmp/|/var/tmp/|/dev/shm/|~/|\$\w{1,20}/)?[\w./${}-]{2,120})"
)


def _across_lines(group: list[Command], subject: bool) -> Iterator[Sighting]:
    """Find a download in one line that a later line of the same block runs."""
    downloads: dict[str, Command] = {}
    for command in group:
        for name, source in downloads.items():
            run = _LOCAL_RUN.search(command.text)
            short = name.rsplit("/", 1)[-1]
            if run and run.group(1).rsplit("/", 1)[-1] == short and "." not in run.group(1)[:0]:
                if command.line - source.line > 12 or re.match(r"(?i)\s*chmod", command.text):
                    continue
                rule = next(rule for rule in rules_of("shell") if rule.id == "fetch-then-run")
                for sighting in _judge(rule, source, subject):
                    yield Sighting(
                        rule.id, sighting.path, sighting.line, command.line, sighting.evidence,
                        sighting.severity, sighting.confidence, sighting.role,
                        flow=((source.path, source.line, f"downloads {name}"),
                              (command.path, command.line, f"runs {name}")),
                    )  # fmt: skip
                return
        match = _DOWNLOADED.search(command.text)
        known = any(host in command.text for host in hosts()["installers"])
        if match and not known and not match.group(1).endswith(_DATA_SUFFIXES):
            downloads[match.group(1)] = command


def command_facts(command: Command) -> Iterator[Fact]:
    """Yield the neutral operations of a command, for capabilities and flows across files."""
    bundled = command.origin == "script"
    text = command.text
    yield Fact("shell", text.split(" ", 1)[0][:40], command.path, command.line, bundled)
    if _SENDS.search(text) or re.search(r"\bgit (?:clone|push|pull|fetch)\b|\bgh \w|\bnpx\b", text):
        urls = _URL.findall(text)
        for host, _ in urls:
            yield Fact("network", host, command.path, command.line, bundled)
        if not urls:
            yield Fact("network", "", command.path, command.line, bundled)
    if re.search(
        r"\b(?:pip[\d.]*|npm|pnpm|yarn|uv|gem|cargo|go|brew|apt(?:-get)?)\s+(?:install|add|i)\b",
        text,
    ):
        yield Fact("install", "", command.path, command.line, bundled)
    place = _SECRET_PLACE.search(text)
    if place:
        yield Fact("secrets", place.group().strip(" \"'|>"), command.path, command.line, bundled)
    for match in _OUTPUT.finditer(text):
        yield Fact("write", match.group(1), command.path, command.line, bundled)
    if re.search(r"\bsudo\s", text):
        yield Fact("administrator", "sudo", command.path, command.line, bundled)
