"""What an error says, without what is only true of this run.

Numbers, paths and quoted values are abstracted; the names of modules, commands, attributes and
options are kept, since they are what a lesson is about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_HARNESS = re.compile(
    r"^(exit code:? \d+|command (failed|exited).*|process exited.*)$", re.IGNORECASE
)
_RAISED = re.compile(
    r"^(?:E\s+)?(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Interrupt|NotFound|Warning)\b(?::|$)"
)
_STRONG = re.compile(
    r"command not found|: not found\b|No such file or directory|Permission denied|No module named|"
    r"is not recognized|unrecognized (?:option|argument|flag)|unknown (?:option|flag|command)|"
    r"invalid (?:option|choice|argument)|illegal option|externally-managed|"
    r"undefined reference|cannot find symbol|Unable to locate package|"
    r"has no installation candidate|^Can't locate \S+ in @INC|^make(?:\[\d+\])?: \*\*\* ",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"^\s*(?:\S{1,60}:\s)?(?:fatal|error|err!|npm err!|e|panic|abort(?:ed)?)\b\s?[:!\[]|"
    r"\b(?:cannot|could not|unable to|failed to|refused|forbidden)\b",
    re.IGNORECASE,
)
_INFRA = re.compile(
    r"temporary failure in name resolution|could not resolve host|name or service not known|"
    r"network is unreachable|no route to host|connection (?:refused|reset|timed out|aborted)|"
    r"max retries exceeded|read timed out|timed? ?out\b|\b(?:429|502|503|504|529)\b|"
    r"too many requests|rate.?limit|quota|overloaded|internal server error|service unavailable|"
    r"bad gateway|no space left on device|cannot allocate memory|out of memory|oom|"
    r"^killed$|docker daemon|certificate verify failed|tls handshake|invalid api key|"
    r"unauthorized|authentication(?:_error| failed)|insufficient (?:credit|quota|funds)|"
    r"usage limit|unexpected status [45]\d\d|stream disconnected|socket hang up|econnre",
    re.IGNORECASE,
)
#: Quoted names that stay: they are what the error is about.
_KEPT = re.compile(
    r"((?:module named|attribute|import name|command|option|argument|flag|package|keyword argument|"
    r"symbol|function|method|target|script|unexpected keyword argument)s?:? )"
    r"(['\"`‘])([^'\"`’]{1,60})(['\"`’])",
    re.IGNORECASE,
)
_SHELL_PREFIX = re.compile(
    r"^(?:/\S*/)?(?:ba|z|da|k)?sh: (?:(?:line )?\d+: )?|^\S+\.sh: (?:line )?\d+: "
)
_QUOTED = re.compile(r"(?<!\w)'[^']*'|\"[^\"]*\"|‘[^’]*’")
_PATH = re.compile(
    r"(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][\w.@+\-]+)+/?|\b[\w\-]+\.(?:py|js|ts|json|csv|txt|xlsx?|pdf|c|h|cpp|go|rs|java|scala|sh|md|ya?ml|xml|html|png|obj)\b(?::\d+)*"
)
_EXPLORING = re.compile(
    r"No such file or directory|cannot access|FileNotFoundError|cannot open", re.I
)
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\b\d+(?:\.\d+)*\b")
MAX_LINE = 200


@dataclass(frozen=True)
class ErrorLine:
    """The line of an output that says what is wrong.

    ``quote`` is an exact part of the output, ``signature`` what it says of any run.
    """

    quote: str
    signature: str
    infra: bool

    @property
    def exploring(self) -> bool:
        """Whether it only says that some file is not there: looking around is no mistake."""
        return _EXPLORING.search(self.signature) is not None


def error_line(output: str) -> ErrorLine | None:
    """Return the line that names the error, None when the output does not say."""
    lines = [line.rstrip("\r") for line in output.split("\n")]
    plain = [_ANSI.sub("", line).strip() for line in lines]
    chosen = _choose(plain)
    if chosen is None:
        infra = next((n for n, line in enumerate(plain) if is_infra(line)), None)
        if infra is None:
            return None
        chosen = infra
    quote = _quotable(lines[chosen])
    if not quote:
        return None
    text = plain[chosen][:MAX_LINE]
    return ErrorLine(
        quote, abstracted(text), is_infra(text) or is_infra("\n".join(plain[-4:])[-400:])
    )


def is_infra(text: str) -> bool:
    """Say whether a failure is of the machine or the network, which no skill can mend."""
    return _INFRA.search(text) is not None


def abstracted(line: str) -> str:
    """Return the line without numbers, paths and quoted values."""
    text = _SHELL_PREFIX.sub("", re.sub(r"^E\s{2,}", "", line.strip()))
    text = re.sub(r"^(?:/\S*/)([\w.-]+): ", r"\1: ", text)
    text = re.sub(r"^(\S+): not found$", r"\1: command not found", text)
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[3])
        return f"{match[1]}\x00{chr(0xE000 + len(kept) - 1)}"

    text = _KEPT.sub(keep, text)
    command = re.match(r"^(\S+): command not found", text)
    if command is None:
        text = _QUOTED.sub("…", text)
        text = _PATH.sub("PATH", text)
        text = _NUMBER.sub("N", text)
    for number, name in enumerate(kept):
        text = text.replace(f"\x00{chr(0xE000 + number)}", f"'{name}'")
    return " ".join(text.split())[:160]


def names_in(signature: str) -> frozenset[str]:
    """Return the names an error is about: its module, command, attribute or option."""
    found = re.findall(r"'([^']+)'", signature)
    found += re.findall(r"^(\S+): command not found", signature)
    found += re.findall(r"[Nn]o module named '?([\w.]+)", signature)
    found += re.findall(r"(?<![\w-])(--?[A-Za-z][\w-]*)", signature)
    plain = (name.partition(".")[0] if "named" in signature else name for name in found)
    return frozenset(name for name in plain if len(name) > 1)


def _choose(lines: list[str]) -> int | None:
    raised = [n for n, line in enumerate(lines) if _RAISED.match(line)]
    if raised:
        return raised[-1]
    for pattern in (_STRONG, _PLAIN):
        for number, line in enumerate(lines):
            if line and len(line) < 2000 and not _HARNESS.match(line) and pattern.search(line):
                return number
    return None


def _quotable(line: str) -> str:
    """Return the longest part of a line without control sequences."""
    parts = [part.strip() for part in _ANSI.split(line)]
    best = max(parts, key=len, default="")
    cut = best[:MAX_LINE].strip()
    return "" if "\ufffd" in cut or "\x1b" in cut else cut
