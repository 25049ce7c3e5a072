"""What a Python module does with what it reads: sinks and the labels that reach them."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

from pattern_scanner.model import CodeBlock, Command, Fact, Observed, Sighting
from pattern_scanner.places import (
    ACCESS_FILE,
    CONTROL_FILE,
    HOME,
    LOCAL,
    MINING,
    PERSISTENCE,
    SECRET_NAME,
    SECRET_PATH,
    SETTINGS_FILE,
    host_of,
    own_service,
)
from pattern_scanner.python_flow import Labels, ModuleFlow
from pattern_scanner.python_values import UNKNOWN

_SENDERS = frozenset(
    {"post", "put", "patch", "request", "sendall", "send", "sendto", "sendmail", "send_message",
     "storbinary", "upload_file", "put_object", "upload_fileobj", "urlopen", "Request",
     "send_bytes", "emit", "publish", "fetch", "upload_blob", "upload_from_filename",
     "sendDocument", "send_document"}
)  # fmt: skip
_NETWORK = re.compile(
    r"^(?:requests|httpx|aiohttp|urllib|urllib3|http\.client|socket|smtplib|ftplib|websocket|"
    r"websockets|paramiko|"
    r"boto3|botocore|telegram|discord|slack_sdk|dns|grpc|pycurl)\b"
)
_RESOLVERS = frozenset({"gethostbyname", "getaddrinfo", "gethostbyname_ex", "resolve", "query"})
_RUNNERS = frozenset(
    {"os.system", "os.popen", "subprocess.run", "subprocess.Popen", "subprocess.call",
     "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput",
     "subprocess.getstatusoutput", "os.execv", "os.execvp", "os.execl", "os.startfile",
     "commands.getoutput", "asyncio.create_subprocess_shell", "pty.spawn",
     "asyncio.create_subprocess_exec", "os.spawnl", "os.posix_spawn"}
)  # fmt: skip
_EVALUATORS = frozenset(
    {"exec", "eval", "compile", "builtins.exec", "builtins.eval", "runpy.run_path", "__import__",
     "types.FunctionType", "marshal.loads", "pickle.loads", "ctypes.CFUNCTYPE",
     "builtins.compile", "code.interact"}
)  # fmt: skip
_DANGEROUS_NAMES = frozenset(
    {"exec", "eval", "system", "popen", "Popen", "call", "run", "check_output", "compile",
     "__import__", "environ", "urlopen", "post", "spawn"}
)  # fmt: skip
_SPIES = re.compile(
    r"^(?:pynput|keyboard\.(?:on_press|hook|record|read)|pyxhook|ImageGrab|PIL\.ImageGrab|mss|"
    r"pyautogui\.screenshot)"
)
_DESTROYERS = frozenset({"shutil.rmtree", "os.remove", "os.unlink", "os.rmdir"})


def analyse_python(block: CodeBlock, observed: Observed, depth: int = 0) -> list[Command]:
    """Add what a module does to ``observed``; return the shell commands it holds.

    Text that is no Python is left to the line rules.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(block.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    flow = ModuleFlow(tree)
    module = _Module(block, flow, observed, depth)
    try:
        module.look()
    except RecursionError:
        return module.commands
    return module.commands


class _Call(NamedTuple):
    """A call with what is known of it: its dotted and its last name, labels and text given."""

    node: ast.Call
    called: str
    short: str
    labels: Labels
    text: str


class _Module:
    def __init__(self, block: CodeBlock, flow: ModuleFlow, observed: Observed, depth: int) -> None:
        self.block = block
        self.flow = flow
        self.observed = observed
        self.depth = depth
        self.lines = block.text.split("\n")
        self.commands: list[Command] = []
        self.texts = block.text
        self.done: set[str] = set()
        self.called = {flow.values.name(node.func) for _, node in flow.calls}
        self.short = {name.rsplit(".", 1)[-1] for name in self.called}

    def look(self) -> None:
        for scope, node in self.flow.calls:
            called = self.flow.values.name(node.func)
            short = called.rsplit(".", 1)[-1]
            call = _Call(node, called, short, self._given(scope, node), self._text(node))
            self._sending(call)
            self._running(call)
            self._writing(call)
            self._reading(call)
            self._destroying(call)
            self._built(node, called, short)
        self._whole()

    def _given(self, scope: str, node: ast.Call) -> Labels:
        parts = [self.flow.of(scope, item) for item in node.args]
        parts += [
            self.flow.of(scope, keyword.value)
            for keyword in node.keywords
            if keyword.arg not in ("headers", "auth", "env", "cert", "timeout", "cookies", "cwd")
        ]
        return frozenset().union(*parts) if parts else frozenset()

    def _text(self, node: ast.Call) -> str:
        parts = [self.flow.values.text(item) for item in node.args]
        parts += [self.flow.values.text(keyword.value) for keyword in node.keywords]
        if isinstance(node.func, ast.Attribute):
            parts.append(self.flow.values.text(node.func.value))
        return " ".join(part for part in parts if part)[:8000]

    def note(self, rule: str, node: ast.AST, **more: object) -> None:
        key = f"{rule}:{getattr(node, 'lineno', 1)}"
        if key in self.done:
            return
        self.done.add(key)
        line = getattr(node, "lineno", 1)
        last = min(getattr(node, "end_lineno", line) or line, line + 10)
        shown = "\n".join(self.lines[line - 1 : last])[:400]
        offset = self.block.line - 1
        self.observed.sightings.append(
            Sighting(
                rule, self.block.path, line + offset, last + offset, shown, role=self.block.role,
                **more,  # type: ignore[arg-type]
            )
        )  # fmt: skip

    def fact(self, kind: str, target: str, node: ast.AST) -> None:
        line = getattr(node, "lineno", 1) + self.block.line - 1
        self.observed.facts.append(Fact(kind, target, self.block.path, line, self.block.bundled))

    def _sending(self, call: _Call) -> None:
        node, called, short, labels, text = call
        network = bool(_NETWORK.match(called))
        if network:
            self.fact("network", host_of(text), node)
        if short in _RESOLVERS and labels & {
            "environment",
            "secret-file",
            "file",
            "host",
            "output",
            "walked",
        }:
            self.note("code-dns-exfiltration", node)
            return
        if short in _RESOLVERS and ("decoded" not in labels) and self._encodes(node):
            self.note("code-dns-exfiltration", node)
            return
        carries = short in _SENDERS or (network and short in ("get", "head", "urlopen"))
        if not carries or LOCAL.search(text):
            return
        if not network and short not in (
            "post",
            "sendall",
            "sendmail",
            "send_message",
            "storbinary",
            "upload_file",
            "put_object",
            "sendto",
            "send",
            "put",
        ):
            return
        if not network and not self._online():
            return
        if short in ("send", "put", "get") and not labels & {
            "environment",
            "secret-file",
            "screen",
            "clipboard",
        }:
            return
        self._judge_sent(node, labels, text)
        if "secret-file" not in labels and short in (
            "post",
            "sendall",
            "urlopen",
            "put",
            "sendto",
            "upload_file",
        ):
            self.fact("send", text[:300], node)

    def _online(self) -> bool:
        return any(_NETWORK.match(name) for name in self.flow.values.aliases.values())

    def _encodes(self, node: ast.Call) -> bool:
        argument = node.args[0] if node.args else None
        if not isinstance(argument, ast.JoinedStr | ast.BinOp):
            return False
        return bool(self.short & {"b32encode", "b64encode", "hexlify", "hex", "urlsafe_b64encode"})

    def _judge_sent(self, node: ast.Call, labels: Labels, text: str) -> None:
        host = host_of(text)
        names = [
            label.removeprefix("variable:") for label in labels if label.startswith("variable:")
        ]
        foreign = [
            name for name in names if SECRET_NAME.search(name) and not own_service(name, host)
        ]
        if "environment" in labels:
            self.note("code-sends-environment", node)
        elif "secret-file" in labels:
            self.note("code-sends-secrets", node)
        elif foreign and "url" not in "".join(foreign).lower():
            many = len(foreign) > 1
            self.note(
                "code-sends-secrets", node, severity="critical" if many else "high",
                confidence="high" if many else "medium",
            )  # fmt: skip
        elif labels & {"screen", "clipboard", "keys"}:
            self.note("code-spies", node, confidence="high")
        elif "walked-home" in labels:
            self.note("code-sends-files", node, severity="high", confidence="high")
        elif "walked" in labels:
            self.note("code-sends-files", node)
        elif "host" in labels:
            self.note("code-sends-host-facts", node)
        elif "file" in labels and host:
            self.note("code-sends-files", node, severity="low")

    def _running(self, call: _Call) -> None:
        node, called, _short, labels, text = call
        evaluator = called in _EVALUATORS
        runner = called in _RUNNERS
        if not evaluator and not runner:
            return
        self.fact("shell" if runner else "evaluates", text[:60], node)
        if called in ("pickle.loads", "marshal.loads", "__import__", "compile"):
            if "fetched" in labels or "received" in labels:
                self.note("code-runs-fetched", node)
            elif called == "marshal.loads":
                self.note("code-runs-decoded", node, severity="medium")
            return
        if "received" in labels:
            self.note("code-reverse-shell", node)
        elif labels & {"fetched", "answer"} and (evaluator or self._shell(node, text)):
            self.note("code-runs-fetched", node)
        elif evaluator and labels & {"decoded", "pixels"}:
            self.note("code-runs-decoded", node, decoded=_shown(text))
        elif evaluator and "variable:" in "".join(labels):
            self.note("code-runs-decoded", node, severity="medium", confidence="medium")
        elif runner and "decoded" in labels:
            self.note("code-runs-decoded", node, decoded=_shown(text))
        elif runner:
            self._staged(node, text)
        if runner and text:
            line = node.lineno + self.block.line - 1
            shown = self.lines[node.lineno - 1] if node.lineno <= len(self.lines) else ""
            self.commands.append(
                Command(self.block.path, line, text[:2000], self.block.role, "string", shown)
            )
        if evaluator and self.depth < 3 and len(text) > 20 and UNKNOWN not in text[:20]:
            inner = CodeBlock(
                self.block.path, node.lineno + self.block.line - 1, "python", text, self.block.role
            )
            self.commands.extend(analyse_python(inner, self.observed, self.depth + 1))

    def _shell(self, node: ast.Call, text: str) -> bool:
        first = node.args[0] if node.args else None
        return not isinstance(first, ast.List) or text.split(" ", 1)[0] in (
            "sh",
            "bash",
            "python",
            "python3",
            UNKNOWN,
            "node",
            "powershell",
        )

    def _staged(self, node: ast.Call, text: str) -> None:
        for path, labels in self.flow.written.items():
            if "fetched" in labels and len(path.strip(UNKNOWN)) > 2 and path in text:
                self.note("code-runs-fetched", node)
                return
            if "decoded" in labels and len(path.strip(UNKNOWN)) > 2 and path in text:
                self.note("code-runs-decoded", node)
                return

    def _writing(self, call: _Call) -> None:
        node, called, short, _labels, text = call
        writes = short in (
            "write",
            "write_text",
            "write_bytes",
            "writelines",
            "copy",
            "copy2",
            "copyfile",
            "rename",
            "replace",
            "symlink",
            "dump",
        ) or (short == "open" and bool(re.search(r"\s[wax]b?\+?(?:\s|$)|\bmode=", f" {text} ")))
        if short == "SetValueEx" and re.search(r"(?i)currentversion\\+run", self.texts):
            self.note("code-persistence", node, confidence="high")
        if not writes:
            return
        target = " ".join(
            self.flow.values.text(item)
            for item in (
                node.args[1:2]
                if short in ("copy", "copy2", "copyfile", "rename", "replace")
                else node.args[:1]
            )
        )
        if isinstance(node.func, ast.Attribute) and short not in (
            "copy",
            "copy2",
            "copyfile",
            "dump",
        ):
            target += " " + self.flow.values.text(node.func.value)
        if short == "dump" and len(node.args) > 1:
            target = self.flow.values.text(node.args[1])
        if target.strip(UNKNOWN + " "):
            self.fact("write", target.strip()[:200], node)
        if short == "replace" and called.startswith("?"):
            return
        if ACCESS_FILE.search(target):
            self.note("code-escalates", node)
        elif CONTROL_FILE.search(target):
            hooks = SETTINGS_FILE.search(target) and re.search(
                r"(?i)[\"'](?:hooks|PreToolUse|PostToolUse|SessionStart|mcpServers|"
                r"UserPromptSubmit)[\"']",
                self.texts,
            )
            self.note("code-writes-hook" if hooks else "code-writes-control", node)
        elif PERSISTENCE.search(target) and not re.search(r"(?i)\btemplates?/", target):
            self.note("code-persistence", node)

    def _reading(self, call: _Call) -> None:
        node, called, short, _labels, text = call
        if short in (
            "open",
            "read_text",
            "read_bytes",
            "connect",
            "copy",
            "copy2",
            "copyfile",
            "exists",
            "glob",
        ):
            place = SECRET_PATH.search(text)
            if place and short not in ("exists", "glob"):
                self.fact("secrets", place.group().strip(" /\"'")[:60], node)
                strong = re.search(
                    r"(?i)id_(?:rsa|ed25519)|\.aws|login data|cookies|/etc/shadow|wallet|"
                    r"keychain|logins\.json|metamask|history|\.gnupg",
                    text,
                )
                if strong and "e2e" not in self.block.path:
                    self.note("code-reads-secrets", node)
        if short == "open":
            self.fact("read", text[:200], node)
        if _SPIES.match(called) and short not in ("Controller",):
            self.note("code-spies", node)
        if short == "chmod" and re.search(r"\b(?:2048|2541|2559|3\d{3}|0o?4[0-7]{3})\b", text):
            self.note("code-escalates", node)
        if called in ("os.setuid", "os.seteuid") and re.search(r"(?:^|\s)0(?:\s|$)", text):
            self.note("code-escalates", node)

    def _destroying(self, call: _Call) -> None:
        node, called, _short, labels, text = call
        if called not in _DESTROYERS:
            return
        root = text.strip()
        if called == "shutil.rmtree" and (
            root.rstrip("/") in ("", "~", "/home", "/etc", "/usr", "C:\\") and root
        ):
            self.note("code-destroys", node, confidence="high")
        elif "walked-home" in labels and HOME.search(self.texts):
            ransom = self.short & {"encrypt", "encryptor"} or "Fernet" in self.texts
            self.note("code-ransom" if ransom else "code-destroys", node)
        elif "walked" in labels and self.short & {"encrypt", "encryptor"}:
            self.note("code-ransom", node)

    def _built(self, node: ast.Call, called: str, short: str) -> None:
        function = node.func
        if not isinstance(function, ast.Call | ast.Subscript | ast.Name):
            return
        source: ast.AST = function
        if isinstance(function, ast.Name):
            if function.id == called or called in self.flow.values.aliases:
                return
            if not re.search(r"getattr|__builtins__|globals\(|__dict__|__import__", self.texts):
                return
            if re.search(rf"import\s+[^\n]*\b{re.escape(function.id)}\b", self.texts):
                return
            source = function
        if short in _DANGEROUS_NAMES and not (
            isinstance(source, ast.Name) and short == function_name(source)
        ):
            self.note("code-runs-built-name", node, decoded=called)

    def _whole(self) -> None:
        tree = self.flow.tree
        connects = "connect" in self.short and (
            "socket.socket" in self.called
            or "socket.create_connection" in self.called
            or "socket" in self.texts
        )
        if connects and (
            self.short & {"dup2", "spawn"}
            or re.search(r"stdin\s*=\s*\w{0,20}\.(?:fileno|makefile)", self.texts)
        ):
            self.note("code-reverse-shell", _first(tree, ("connect", "dup2")))
        if MINING.search(self.texts):
            self.note("code-mines", _line(self.texts, MINING))
        if re.search(
            r"for\s+\w+\s*(?:,\s*\w+)?\s+in\s+(?:os\.)?environ(?:\.items\(\)|"
            r"\.keys\(\))?[^\n]{0,120}\b(?:KEY|TOKEN|SECRET|PASS)",
            self.texts,
            re.S,
        ):
            self.note("code-harvests-environment", _line(self.texts, re.compile(r"environ")))


def function_name(node: ast.AST) -> str:
    """Return the plain name of a node, or an empty one."""
    return node.id if isinstance(node, ast.Name) else ""


def _first(tree: ast.AST, attributes: tuple[str, ...]) -> ast.AST:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr in attributes:
            return node
    return tree


def _line(text: str, pattern: re.Pattern[str]) -> ast.AST:
    match = pattern.search(text)
    place = ast.Pass()
    place.lineno = text.count("\n", 0, match.start()) + 1 if match else 1
    place.end_lineno = place.lineno
    return place


def _shown(text: str) -> str | None:
    stripped = text.replace(UNKNOWN, "").strip()
    return stripped[:2000] if len(stripped) > 6 else None


def python_blocks(blocks: list[CodeBlock]) -> Iterator[CodeBlock]:
    """Yield the blocks that are Python."""
    for block in blocks:
        if block.language in ("python", "py", "python3"):
            yield block
