"""What a Python expression says without running it: dotted names and constant text."""

from __future__ import annotations

import ast
import base64
import binascii
import codecs

_MAX = 20_000
UNKNOWN = "{}"
#: Methods whose result still says what their owner says.
_KEEPING = frozenset(
    {"decode", "encode", "strip", "lower", "format", "resolve", "absolute", "read", "read_text",
     "as_posix", "joinpath", "split", "rstrip"}
)  # fmt: skip
#: Calls whose result says what their arguments say.
_WRAPPING = frozenset(
    {"Path", "PurePath", "str", "bytes", "expanduser", "expandvars", "open", "list", "abspath",
     "realpath", "quote", "Request", "PosixPath", "bytearray"}
)  # fmt: skip
_BUILTIN_SPACES = frozenset({"builtins", "__builtins__", "globals()", "vars()", "locals()"})


class Values:
    """Names and constants of one module, filled while its assignments are read."""

    def __init__(self) -> None:
        self.aliases: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.built_names: list[tuple[ast.AST, str]] = []

    def name(self, node: ast.AST, depth: int = 0) -> str:
        """Return the dotted name a node means, such as ``os.environ``; empty when unknown."""
        if depth > 30:
            return ""
        if isinstance(node, ast.Name):
            return self.aliases.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            base = self.name(node.value, depth + 1)
            return f"{base}.{node.attr}" if base else f"?.{node.attr}"
        if isinstance(node, ast.Call):
            return self._call_name(node, depth)
        if isinstance(node, ast.Subscript):
            base = self.name(node.value, depth + 1)
            key = self.text(node.slice, depth + 1)
            if base in _BUILTIN_SPACES or base.endswith(".__dict__"):
                return key.removeprefix("__builtins__.")
            if base in ("sys.modules", "globals") and key:
                return key
            return f"{base}[]" if base else ""
        if isinstance(node, ast.Await):
            return self.name(node.value, depth + 1)
        return ""

    def _call_name(self, node: ast.Call, depth: int) -> str:
        called = self.name(node.func, depth + 1)
        if called == "getattr" and len(node.args) >= 2:
            base = self.name(node.args[0], depth + 1)
            attribute = self.text(node.args[1], depth + 1)
            if not attribute or UNKNOWN in attribute:
                return f"{base}.?"
            return attribute if base in _BUILTIN_SPACES else f"{base}.{attribute}"
        if called in ("__import__", "importlib.import_module", "import_module") and node.args:
            return self.text(node.args[0], depth + 1)
        if called in ("globals", "vars", "locals") and not node.args:
            return f"{called}()"
        if called in ("functools.partial", "partial") and node.args:
            return self.name(node.args[0], depth + 1)
        return f"{called}()" if called else ""

    def text(self, node: ast.AST | None, depth: int = 0) -> str:
        """Return the text an expression makes; parts that are not constant are ``{}``."""
        if node is None or depth > 40:
            return UNKNOWN
        if isinstance(node, ast.Constant):
            return _constant(node.value)
        if isinstance(node, ast.Name):
            return self.texts.get(node.id, UNKNOWN)
        if isinstance(node, ast.Attribute):
            return self.texts.get(f".{node.attr}", UNKNOWN)
        if isinstance(node, ast.BinOp):
            return self._joined(node, depth)
        if isinstance(node, ast.JoinedStr):
            return "".join(self.text(value, depth + 1) for value in node.values)[:_MAX]
        if isinstance(node, ast.FormattedValue):
            return self.text(node.value, depth + 1)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return " ".join(self.text(item, depth + 1) for item in node.elts[:200])[:_MAX]
        if isinstance(node, ast.Dict):
            parts = [*(key for key in node.keys if key), *node.values]
            return " ".join(self.text(item, depth + 1) for item in parts[:200])[:_MAX]
        if isinstance(node, ast.Call):
            return self._called(node, depth)
        if isinstance(node, ast.Subscript):
            return self._sliced(node, depth)
        if isinstance(node, ast.IfExp):
            return self.text(node.body, depth + 1) + " " + self.text(node.orelse, depth + 1)
        return UNKNOWN

    def _joined(self, node: ast.BinOp, depth: int) -> str:
        left, right = self.text(node.left, depth + 1), self.text(node.right, depth + 1)
        if isinstance(node.op, ast.Add):
            return (left + right)[:_MAX]
        if isinstance(node.op, ast.Div):
            return f"{left.rstrip('/')}/{right.lstrip('/')}"[:_MAX]
        if isinstance(node.op, ast.Mod):
            return left.replace("%s", right)[:_MAX]
        return UNKNOWN

    def _sliced(self, node: ast.Subscript, depth: int) -> str:
        base = self.text(node.value, depth + 1)
        part = node.slice
        if (
            isinstance(part, ast.Slice)
            and isinstance(part.step, ast.UnaryOp)
            and isinstance(part.step.operand, ast.Constant)
            and part.step.operand.value == 1
        ):
            return base[::-1]
        return base if self.name(node.value).startswith("os.environ") else UNKNOWN

    def _called(self, node: ast.Call, depth: int) -> str:
        called = self.name(node.func, depth + 1)
        short = called.rsplit(".", 1)[-1]
        first = node.args[0] if node.args else None
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        if short == "join" and owner is not None:
            if called.endswith("path.join"):
                return "/".join(self.text(item, depth + 1) for item in node.args)[:_MAX]
            return self._join(owner, first, depth)
        if short in ("home", "expanduser") and first is None:
            return "~" if owner is None or short == "home" else self.text(owner, depth + 1)
        if short == "chr" and isinstance(first, ast.Constant) and isinstance(first.value, int):
            return chr(first.value) if 0 <= first.value < 0x110000 else UNKNOWN
        decoded = self._decoded(short, called, first, node, depth)
        if decoded is not None:
            return decoded[:_MAX]
        if short in _KEEPING and owner is not None:
            tail = "/" + self.text(first, depth + 1) if short == "joinpath" else ""
            return self.text(owner, depth + 1) + tail
        if short == "replace" and owner is not None and len(node.args) >= 2:
            old, new = self.text(node.args[0], depth + 1), self.text(node.args[1], depth + 1)
            return self.text(owner, depth + 1).replace(old, new) if old else UNKNOWN
        if short in _WRAPPING:
            if isinstance(first, ast.List | ast.Tuple):
                return _codes(first) or self.text(first, depth + 1)
            return "/".join(self.text(item, depth + 1) for item in node.args[:4])
        return UNKNOWN

    def _join(self, owner: ast.AST, first: ast.AST | None, depth: int) -> str:
        glue = self.text(owner, depth + 1)
        if isinstance(first, ast.List | ast.Tuple):
            return glue.join(self.text(item, depth + 1) for item in first.elts[:2000])[:_MAX]
        if isinstance(first, ast.GeneratorExp | ast.ListComp):
            return _codes(first.generators[0].iter, first.elt) or UNKNOWN
        if isinstance(first, ast.Call) and self.name(first.func) == "map" and len(first.args) == 2:
            return _codes(first.args[1]) or UNKNOWN
        if isinstance(first, ast.Call) and self.name(first.func) == "reversed":
            return self.text(first.args[0], depth + 1)[::-1] if first.args else UNKNOWN
        return self.texts.get(first.id, UNKNOWN) if isinstance(first, ast.Name) else UNKNOWN

    def _decoded(
        self, short: str, called: str, first: ast.AST | None, node: ast.Call, depth: int
    ) -> str | None:
        if first is None:
            return None
        try:
            if short in ("b64decode", "urlsafe_b64decode", "decodebytes", "a2b_base64"):
                token = self.text(first, depth + 1)
                return base64.b64decode(token + "=" * (-len(token) % 4)).decode("utf-8", "replace")
            if short in ("fromhex", "unhexlify", "a2b_hex"):
                return bytes.fromhex(self.text(first, depth + 1)).decode("utf-8", "replace")
            if short in ("b32decode", "b85decode", "a85decode"):
                function = getattr(base64, short)
                return str(function(self.text(first, depth + 1)).decode("utf-8", "replace"))
            if called == "codecs.decode" and len(node.args) > 1:
                kind = self.text(node.args[1], depth + 1).replace("_", "").replace("-", "")
                if kind in ("rot13", "rot"):
                    return codecs.decode(self.text(first, depth + 1), "rot13")
        except (ValueError, binascii.Error):
            return None
        return None


def _constant(value: object) -> str:
    if isinstance(value, str):
        return value[:_MAX]
    if isinstance(value, bytes):
        return value[:_MAX].decode("latin-1")
    return "" if value is None or value is Ellipsis else str(value)


def _codes(node: ast.AST, element: ast.AST | None = None) -> str:
    """Return the text of a list of character codes, with a constant XOR or offset undone."""
    if not isinstance(node, ast.List | ast.Tuple):
        return ""
    numbers = [
        item.value
        for item in node.elts
        if isinstance(item, ast.Constant) and isinstance(item.value, int)
    ]
    if len(numbers) < 2 or len(numbers) != len(node.elts):
        return ""
    change = 0
    operation: ast.operator | None = None
    for part in ast.walk(element) if element is not None else ():
        if not isinstance(part, ast.BinOp) or not isinstance(part.right, ast.Constant):
            continue
        if isinstance(part.right.value, int):
            operation, change = part.op, part.right.value
    text = ""
    for number in numbers[:_MAX]:
        code = number
        if isinstance(operation, ast.BitXor):
            code = number ^ change
        elif isinstance(operation, ast.Add):
            code = number + change
        elif isinstance(operation, ast.Sub):
            code = number - change
        text += chr(code) if 0 <= code < 0x110000 else "?"
    return text


def environment_name(node: ast.AST, values: Values, depth: int = 0) -> str | None:
    """Return the variable an expression reads, "" for the whole environment, else None."""
    if isinstance(node, ast.Subscript) and values.name(node.value) in ENVIRONMENTS:
        return values.text(node.slice)
    if isinstance(node, ast.Call):
        called = values.name(node.func)
        if called in ("os.getenv", "getenv") or (
            called.rsplit(".", 1)[0] in ENVIRONMENTS and called.endswith((".get", ".pop"))
        ):
            return values.text(node.args[0]) if node.args else ""
    if isinstance(node, ast.Attribute | ast.Name) and values.name(node) in ENVIRONMENTS:
        return ""
    return None


ENVIRONMENTS = frozenset({"os.environ", "environ", "os.environb"})
