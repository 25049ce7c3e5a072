"""Where values come from in a Python module: labels flow through names, calls and returns.

Flow-insensitive and deliberately coarse: a few passes over the tree until nothing changes. Nothing
is imported or run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pattern_scanner import limits
from pattern_scanner.places import HOME, SECRET_PATH
from pattern_scanner.python_values import UNKNOWN, Values, environment_name

Labels = frozenset[str]
NONE: Labels = frozenset()

_BY_CALL: dict[str, str] = {
    "os.walk": "walked", "os.listdir": "walked", "os.scandir": "walked", "glob.glob": "walked",
    "glob.iglob": "walked", "os.getenv": "", "socket.gethostname": "host",
    "getpass.getuser": "host", "platform.node": "host", "platform.uname": "host",
    "os.uname": "host", "os.getlogin": "host", "uuid.getnode": "host", "platform.platform": "host",
    "pyperclip.paste": "clipboard", "ImageGrab.grab": "screen", "pyautogui.screenshot": "screen",
    "PIL.ImageGrab.grab": "screen", "keyring.get_password": "secret-file",
    "zlib.decompress": "decoded", "gzip.decompress": "decoded", "lzma.decompress": "decoded",
    "bz2.decompress": "decoded", "marshal.loads": "decoded", "codecs.decode": "decoded",
    "bytes.fromhex": "decoded", "bytearray.fromhex": "decoded", "binascii.unhexlify": "decoded",
    "requests.get": "fetched", "requests.post": "answer", "requests.request": "answer",
    "httpx.get": "fetched", "urllib.request.urlopen": "fetched", "urlopen": "fetched",
    "urllib.request.urlretrieve": "fetched", "wget.download": "fetched", "input": "typed",
    "getpass.getpass": "typed",
}  # fmt: skip
_BY_METHOD: dict[str, str] = {
    "b64decode": "decoded", "urlsafe_b64decode": "decoded", "b85decode": "decoded",
    "b32decode": "decoded", "a85decode": "decoded", "decrypt": "decoded", "rglob": "walked",
    "recv": "received", "recvfrom": "received", "iterdir": "walked", "getpixel": "pixels",
    "getdata": "pixels",
}  # fmt: skip
_OPENERS = frozenset(
    {"open", "io.open", "codecs.open", "pathlib.Path", "Path", "aiofiles.open",
     "sqlite3.connect", "shutil.copy", "shutil.copy2", "shutil.copyfile"}
)  # fmt: skip


class ModuleFlow:
    """The labels of every name of a module; ``calls`` are all calls with their scope."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self.values = Values()
        self.labels: dict[tuple[str, str], Labels] = {}
        self.returns: dict[str, Labels] = {}
        self.written: dict[str, Labels] = {}
        self.parameters: dict[str, list[str]] = {}
        self.nodes = list(_scoped(tree))
        self.calls = [(scope, node) for scope, node in self.nodes if isinstance(node, ast.Call)]
        self.cut = len(self.nodes) >= limits.MAX_AST_NODES
        self._declare()
        for _ in range(4):
            before = (len(self.values.texts), self._weight())
            for scope, node in self.nodes:
                self._step(scope, node)
            if before == (len(self.values.texts), self._weight()):
                break

    def _weight(self) -> int:
        sizes = (self.labels, self.returns, self.written)
        return sum(len(labels) for table in sizes for labels in table.values())

    def _declare(self) -> None:
        for _, node in self.nodes:
            if isinstance(node, ast.Import):
                for item in node.names:
                    head = item.name.split(".", 1)[0]
                    self.values.aliases[item.asname or head] = item.name if item.asname else head
            elif isinstance(node, ast.ImportFrom):
                for item in node.names:
                    self.values.aliases[item.asname or item.name] = f"{node.module}.{item.name}"
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                self.parameters[node.name] = [item.arg for item in arguments]

    def _step(self, scope: str, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(scope, target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            self._bind(scope, node.target, node.value)
        elif isinstance(node, ast.AugAssign):
            self._add(scope, node.target, self.of(scope, node.value))
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._bind(scope, node.target, node.iter)
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                if item.optional_vars is not None:
                    self._bind(scope, item.optional_vars, item.context_expr)
        elif isinstance(node, ast.Return) and node.value is not None:
            self.returns[scope] = self.returns.get(scope, NONE) | self.of(scope, node.value)
        elif isinstance(node, ast.Call):
            self._call(scope, node)

    def _bind(self, scope: str, target: ast.AST, value: ast.AST) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                self._bind(scope, item, value)
            return
        self._add(scope, target, self.of(scope, value))
        text = self.values.text(value)
        if isinstance(target, ast.Name):
            name = self.values.name(value)
            plain = isinstance(value, ast.Name | ast.Attribute | ast.Call | ast.Subscript)
            if plain and name and name != target.id and "()" not in name and "[]" not in name:
                self.values.aliases.setdefault(target.id, name)
            if text.strip(UNKNOWN + " /"):
                known = self.values.texts.get(target.id, "")
                if text not in known and len(known) < 4000:
                    self.values.texts[target.id] = f"{known} {text}".strip() if known else text
        elif isinstance(target, ast.Attribute) and text.strip(UNKNOWN + " /"):
            self.values.texts.setdefault(f".{target.attr}", text)

    def _add(self, scope: str, target: ast.AST, labels: Labels) -> None:
        if not labels:
            return
        while isinstance(target, ast.Subscript):
            target = target.value
        key = self._key(scope, target)
        if key is not None:
            self.labels[key] = self.labels.get(key, NONE) | labels

    def _key(self, scope: str, target: ast.AST) -> tuple[str, str] | None:
        if isinstance(target, ast.Name):
            return (scope, target.id)
        if isinstance(target, ast.Attribute):
            return ("", f".{target.attr}")
        return None

    def _call(self, scope: str, node: ast.Call) -> None:
        called = self.values.name(node.func)
        short = called.rsplit(".", 1)[-1]
        given = [self.of(scope, argument) for argument in node.args]
        if short in self.parameters:
            names = [name for name in self.parameters[short] if name not in ("self", "cls")]
            for name, labels in zip(names, given, strict=False):
                if labels:
                    self.labels[(short, name)] = self.labels.get((short, name), NONE) | labels
            for keyword in node.keywords:
                if keyword.arg in names:
                    labels = self.of(scope, keyword.value)
                    key = (short, str(keyword.arg))
                    self.labels[key] = self.labels.get(key, NONE) | labels
            for name, argument in zip(names, node.args, strict=False):
                text = self.values.text(argument)
                if text.strip(UNKNOWN + " /") and name not in self.values.texts:
                    self.values.texts[name] = text
        if isinstance(node.func, ast.Attribute):
            owner = node.func.value
            if short in (
                "append",
                "update",
                "extend",
                "add",
                "insert",
                "setdefault",
                "write_bytes",
                "put",
            ):
                self._add(scope, owner, frozenset().union(*given) if given else NONE)
            if short in ("write", "write_text", "write_bytes", "writelines") and given:
                self._wrote(self.values.text(owner), given[0])
        if (
            short
            in ("copy", "copy2", "copyfile", "copytree", "urlretrieve", "make_archive", "dump")
            and len(node.args) > 1
        ):
            first, second = (node.args[0], node.args[1])
            labels = self._of_path(self.values.text(first)) | given[0]
            self._wrote(
                self.values.text(second), labels | ({"fetched"} if short == "urlretrieve" else NONE)
            )
            if short == "make_archive" and len(node.args) > 2:
                self._wrote(self.values.text(first), self._of_path(self.values.text(node.args[2])))

    def _wrote(self, path: str, labels: Labels) -> None:
        if path and path != UNKNOWN and labels:
            self.written[path] = self.written.get(path, NONE) | labels

    def _of_path(self, path: str) -> Labels:
        if SECRET_PATH.search(path):
            return frozenset({"secret-file"})
        return self.written.get(path, NONE) if path != UNKNOWN else NONE

    def of(self, scope: str, node: ast.AST, depth: int = 0) -> Labels:
        """Return the labels of an expression."""
        if depth > 40:
            return NONE
        variable = environment_name(node, self.values)
        if variable is not None:
            return frozenset({"environment" if variable == "" else f"variable:{variable[:60]}"})
        if isinstance(node, ast.Name):
            return self.labels.get((scope, node.id), NONE) | self.labels.get(("", node.id), NONE)
        if isinstance(node, ast.Attribute):
            own = self.labels.get(("", f".{node.attr}"), NONE)
            return own | self.of(scope, node.value, depth + 1)
        found: set[str] = set()
        if isinstance(node, ast.Call):
            found |= self._of_call(scope, node)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.expr_context | ast.operator):
                found |= self.of(scope, child, depth + 1)
        return frozenset(found)

    def _of_call(self, scope: str, node: ast.Call) -> Labels:
        called = self.values.name(node.func)
        short = called.rsplit(".", 1)[-1]
        found: set[str] = set(self.returns.get(short, NONE)) if short in self.parameters else set()
        label = _BY_CALL.get(called) or _BY_METHOD.get(short)
        if label:
            found.add(label)
        texts = " ".join(self.values.text(argument) for argument in node.args[:3])
        if label == "walked" and isinstance(node.func, ast.Attribute):
            texts += " " + self.values.text(node.func.value)
        if label == "walked" and (HOME.search(texts) or texts.strip() == "/"):
            found.add("walked-home")
        if called in _OPENERS or short in (
            "read_text",
            "read_bytes",
            "open",
            "connect",
            "storbinary",
        ):
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            path = f"{texts} {self.values.text(owner)}" if owner is not None else texts
            found |= self._of_path(path) | self._of_path(
                self.values.text(node.args[0] if node.args else owner)
            )
            found.add("file")
        if (
            short in ("check_output", "getoutput", "popen", "run")
            and "subprocess" in called + texts
        ) or called == "os.popen":
            found.add("output")
            if SECRET_PATH.search(texts) or texts.strip() in ("env", "printenv"):
                found.add("secret-file")
        return frozenset(found)


def _scoped(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield every node with the name of the function it is in; at most a bounded number."""
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    count = 0
    while pending and count < limits.MAX_AST_NODES:
        scope, node = pending.pop()
        count += 1
        yield scope, node
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else scope
        children = list(ast.iter_child_nodes(node))
        pending.extend((inner, child) for child in reversed(children))
