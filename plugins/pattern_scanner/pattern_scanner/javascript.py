"""JavaScript and TypeScript: where the environment and secret files go, by name, without a parser.

Statements are cut at line ends and semicolons with bounded length; a name that was given a secret
carries it to where it is sent or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pattern_scanner import limits
from pattern_scanner.decoding import decode_base64
from pattern_scanner.model import CodeBlock, Command, Fact, Observed, Role, Sighting
from pattern_scanner.places import (
    CONTROL_FILE,
    LOCAL,
    PERSISTENCE,
    SECRET_NAME,
    SECRET_PATH,
    SETTINGS_FILE,
    host_of,
    own_service,
)

_ASSIGN = re.compile(
    r"\b(?:const|let|var)\s+(?:\{\s*)?([\w$]{1,60})(?:\s*\})?[^=\n]{0,60}=\s*([^\n]{1,1500})|"
    r"(?:^|[\s;])([\w$.]{1,60})\s*\+?=\s*([^\n=][^\n]{0,1500})"
)
_WHOLE_ENVIRONMENT = re.compile(
    r"\bprocess\s*(?:\.\s*env|\[\s*['\"`]env['\"`]\s*\])(?!\s*[.\[?]|\w)|\bDeno\.env\.toObject|"
    r"\bBun\.env(?!\s*[.\[])"
)
_VARIABLE = re.compile(r"\bprocess\.env(?:\.|\[['\"])(\w{2,60})")
_SENDS = re.compile(
    r"\b(?:fetch|axios(?:\.(?:post|put|get|request))?|got(?:\.post)?|superagent\.\w{3,6}|"
    r"request(?:\.post)?|needle\.\w{3,6}|"
    r"https?\.(?:request|get)|navigator\.sendBeacon|sendBeacon)\s*\(|\.(?:send|write|end|post)\s*\("
)
_STRONG_SENDS = re.compile(
    r"\b(?:fetch|axios|got|superagent|request|needle|https?\.(?:request|get)|sendBeacon|"
    r"WebSocket|XMLHttpRequest|net\.(?:connect|Socket)|dgram)\b"
)
_READS = re.compile(
    r"\b(?:readFile|readFileSync|createReadStream|readdir|readdirSync|Bun\.file|"
    r"Deno\.read\w{4,16})\s*\("
)
_WRITES = re.compile(
    r"\b(?:writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|"
    r"Deno\.write\w{4,16}|copyFileSync|symlinkSync)\s*\(\s*([^\n]{1,300})"
)
_EVALUATES = re.compile(
    r"\b(?:eval|Function|vm\.run\w{3,20}|execScript|setTimeout|setInterval)\s*\("
)
_HARD_EVAL = re.compile(r"\b(?:eval|new\s+Function|Function|vm\.run\w{3,20})\s*\(")
_DECODES = re.compile(
    r"\batob\s*\(|Buffer\.from\s*\([^\n]{1,3000}?['\"](?:base64|hex)['\"]|String\.fromCharCode|"
    r"unescape\s*\(|decodeURIComponent\s*\(|createDecipher"
)
_RUNS = re.compile(
    r"\b(?:exec|execSync|spawn|spawnSync|execFile|execFileSync|fork)\s*\(\s*([^\n]{1,800})"
)
_STRING = re.compile(r"'([^'\n]{2,600})'|\"([^\"\n]{2,600})\"|`([^`\n]{2,600})`")
_CHILD = re.compile(r"child_process|\bBun\.\$|\bexeca\b|shelljs")
_HOST_FACTS = re.compile(r"\bos\.(?:hostname|userInfo|networkInterfaces)\s*\(")
_REVERSE = re.compile(r"\.connect\s*\([^\n]{0,200}")
_COMMENT = re.compile(r"^\s*(?://|\*|/\*)")
_BUILT = re.compile(
    r"\b(?:global|globalThis|window|self|process|require|"
    r"module)\s*\[\s*(?:['\"][^'\"\n]{1,20}['\"]\s*\+|[^\]\n]{0,60}(?:fromCharCode|atob|join|"
    r"reverse))"
)


def analyse_javascript(block: CodeBlock, observed: Observed) -> list[Command]:
    """Add what a script does to ``observed``; return the shell commands it holds."""
    statements = list(_statements(block.text))
    labels: dict[str, set[str]] = {}
    for _ in range(2):
        for _, statement in statements:
            _learn(statement, labels)
    commands: list[Command] = []
    notes: set[tuple[str, int]] = set()
    whole = block.text
    for number, statement in statements:
        for rule, more in _judge(statement, labels, whole):
            line = block.line + number
            if (rule, line) not in notes:
                notes.add((rule, line))
                observed.sightings.append(
                    Sighting(
                        rule, block.path, line, line + statement.count("\n"), statement[:400],
                        role=block.role, **more,  # type: ignore[arg-type]
                    )
                )  # fmt: skip
        _facts(statement, block, number, observed)
        if _CHILD.search(whole):
            for match in _RUNS.finditer(statement):
                text = _first_text(match.group(1))
                if text:
                    commands.append(
                        Command(
                            block.path,
                            block.line + number,
                            text,
                            block.role,
                            "string",
                            statement[:300],
                        )
                    )
    if re.search(r"\bnet\.(?:Socket|connect|createConnection)\b", whole) and _CHILD.search(whole):
        piped = re.search(
            r"\.pipe\s*\(\s*\w{1,20}\.(?:stdin|stdout)|stdin\.write|stdout\.pipe", whole
        )
        if piped:
            line = block.line + whole.count("\n", 0, piped.start())
            observed.sightings.append(
                Sighting(
                    "code-reverse-shell", block.path, line, line, piped.group(), role=block.role
                )
            )
    return commands


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line from 0, statement); a call that is open at a line end goes on, up to 25 lines."""
    pending, first, depth = "", 0, 0
    lines = text.split("\n")
    for number, line in enumerate(lines[: limits.MAX_PASSAGES]):
        if _COMMENT.match(line):
            continue
        for part in _windows(line):
            if not pending:
                first = number
            pending += part + "\n"
            depth += part.count("(") + part.count("{") * 0 - part.count(")")
            if depth <= 0 or number - first > 25 or len(pending) > 3000:
                yield first, pending.strip()
                pending, depth = "", 0
    if pending:
        yield first, pending.strip()


def _windows(line: str) -> Iterator[str]:
    if len(line) <= limits.MAX_LINE:
        yield line
        return
    pieces = line.split(";")
    for piece in pieces[: 40 * limits.MAX_WINDOWS]:
        for start in range(0, max(1, min(len(piece), 8 * limits.MAX_LINE)), limits.MAX_LINE):
            yield piece[start : start + limits.MAX_LINE]


def _learn(statement: str, labels: dict[str, set[str]]) -> None:
    for match in _ASSIGN.finditer(statement):
        name, value = match.group(1) or match.group(3), match.group(2) or match.group(4) or ""
        found = _labels_of(value, labels)
        if found and len(labels) < 500:
            labels.setdefault(name, set()).update(found)


def _labels_of(text: str, labels: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    if _WHOLE_ENVIRONMENT.search(text):
        found.add("environment")
    found.update(f"variable:{name}" for name in _VARIABLE.findall(text))
    if _READS.search(text) and SECRET_PATH.search(text):
        found.add("secret-file")
    elif SECRET_PATH.search(text) and re.search(r"homedir|path\.join|HOME|['\"`]~?/", text):
        found.add("secret-path")
    if _DECODES.search(text):
        found.add("decoded")
    if re.search(r"\bawait\s+(?:fetch|axios|got)|\b(?:fetch|axios\.get|https?\.get)\s*\(", text):
        found.add("fetched")
    if _HOST_FACTS.search(text):
        found.add("host")
    for name in set(re.findall(r"[\w$]{2,60}", text)) & labels.keys():
        inherited = labels[name]
        found |= {
            "secret-file" if label == "secret-path" and _READS.search(text) else label
            for label in inherited
        }
    return found


def _judge(
    statement: str, labels: dict[str, set[str]], whole: str
) -> Iterator[tuple[str, dict[str, object]]]:
    if _SENDS.search(statement) and (_STRONG_SENDS.search(whole)) and not LOCAL.search(statement):
        bare = re.sub(r"\b(?:headers|Authorization|env)\b['\"]?\s*:\s*[^\n]{0,200}", "", statement)
        found = _labels_of(bare, labels)
        yield from _sent(statement, found, whole)
    if _HARD_EVAL.search(statement):
        found = _labels_of(statement, labels)
        if "fetched" in found:
            yield "code-runs-fetched", {}
        elif "decoded" in found:
            yield "code-runs-decoded", {"decoded": _decoded(statement)}
    if _BUILT.search(statement):
        yield "code-runs-built-name", {}
    if _CHILD.search(whole):
        for match in _RUNS.finditer(statement):
            found = _labels_of(match.group(1), labels)
            if "decoded" in found:
                yield "code-runs-decoded", {"decoded": _decoded(statement)}
            elif "fetched" in found:
                yield "code-runs-fetched", {}
    for match in _WRITES.finditer(statement):
        target = match.group(1)
        if CONTROL_FILE.search(target) or (".claude" in whole and SETTINGS_FILE.search(target)):
            hooks = re.search(r"\bhooks\b|mcpServers|SessionStart|ToolUse", whole)
            yield (
                (
                    "code-writes-hook"
                    if hooks and SETTINGS_FILE.search(whole)
                    else "code-writes-control"
                ),
                {},
            )
        elif PERSISTENCE.search(target):
            yield "code-persistence", {}


def _sent(statement: str, found: set[str], whole: str) -> Iterator[tuple[str, dict[str, object]]]:
    host = host_of(statement) or host_of(whole)
    names = [label.removeprefix("variable:") for label in found if label.startswith("variable:")]
    foreign = [
        name
        for name in names
        if SECRET_NAME.search(name) and not own_service(name, host) and "url" not in name.lower()
    ]
    if "environment" in found:
        yield "code-sends-environment", {}
    elif "secret-file" in found or len(foreign) > 1:
        yield "code-sends-secrets", {}
    elif foreign and host:
        yield "code-sends-secrets", {"severity": "high", "confidence": "medium"}
    elif "host" in found:
        yield "code-sends-host-facts", {}


def _facts(statement: str, block: CodeBlock, number: int, observed: Observed) -> None:
    line = block.line + number
    if _STRONG_SENDS.search(statement):
        observed.facts.append(Fact("network", host_of(statement), block.path, line, block.bundled))
    if _RUNS.search(statement) and _CHILD.search(block.text):
        observed.facts.append(Fact("shell", "child_process", block.path, line, block.bundled))
    for match in _WRITES.finditer(statement):
        observed.facts.append(Fact("write", match.group(1)[:120], block.path, line, block.bundled))
    secret = SECRET_PATH.search(statement) if _READS.search(statement) else None
    if secret:
        observed.facts.append(Fact("secrets", secret.group()[:60], block.path, line, block.bundled))
        if (
            re.search(
                r"(?i)id_rsa|id_ed25519|\.aws|login data|wallet|keychain|logins\.json", statement
            )
            and block.role == Role.INSTRUCTION
        ):
            observed.sightings.append(
                Sighting(
                    "code-reads-secrets", block.path, line, line, statement[:300], role=block.role
                )
            )


def _first_text(arguments: str) -> str:
    texts = [next(part for part in match if part) for match in _STRING.findall(arguments)[:12]]
    return " ".join(texts)[:2000]


def _decoded(statement: str) -> str | None:
    for match in re.finditer(r"['\"`]([A-Za-z0-9+/=]{16,8000})['\"`]", statement):
        text = decode_base64(match.group(1).rstrip("="))
        if text is not None:
            return text
    return None
