"""``plugin.toml``: what a plugin is, what it gives and what it asks for. No code is imported.

A small one::

    id = "pattern_scanner"
    name = "Pattern scanner"
    version = "1.0"
    api = "1.0"
    licence = "MIT"
    kinds = ["scanner"]
    form = "inprocess"
    entry = "pattern_scanner.main:scan"
    deterministic = true

    [settings.max_file_kib]
    type = "integer"
    default = 1024

A ``trace_reader`` says which files it reads; ``begins`` is a regular expression that must be found
in the first 4096 bytes, ``names`` are patterns one of which the name must fit, when there are any::

    [trace]
    names = [".aider.chat.history.md"]
    begins = "(?m)^# aider chat started at "

Lists that may be left out: ``needs`` (``traces``, ``tasks``, ``runner``, ``documents``,
``results``, ``source``, ``network``, ``model:<role>``, ``program:<name>``, ``python:<module>``;
``results|runner`` is one or the other), ``permissions`` (``network``, ``programs``,
``outside_files``) and ``secrets`` (names). ``cost_formula`` says what a run takes before it begins;
see ``cost_formula.py``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from msgspec import Struct

from workbench.domain.job import PluginKind
from workbench.plugin.api import API_VERSION
from workbench.plugin.cost_formula import FormulaProblem, parse_formula
from workbench.plugin.settings import Setting, parse_settings

MANIFEST_NAME = "plugin.toml"
PluginForm = Literal["inprocess", "command", "importer"]

#: What a request must hold or the machine must have, in words for "needs ...".
NEEDS: dict[str, str] = {
    "traces": "traces to learn from",
    "tasks": "tasks with a check",
    "runner": "a runner that executes tasks",
    "documents": "documents to read",
    "results": "stored results of task runs",
    "source": "a folder or branch to read from",
    "network": "network access",
}
_NEED_PREFIXES = ("model:", "program:", "python:")

#: What a plugin says it does beyond its copy of the library, in words for the trust question.
PERMISSIONS: dict[str, str] = {
    "network": "connects to the network",
    "programs": "starts other programs",
    "outside_files": "reads files outside its run folder that the request names",
}

_ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_ENTRY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_TEXT = ("id", "name", "version", "api", "licence", "form")
_OPTIONAL_TEXT = ("description", "cost_estimate", "cost_formula", "paper", "homepage")
_LISTS = ("kinds", "needs", "permissions", "secrets")
_KNOWN = {*_TEXT, *_OPTIONAL_TEXT, *_LISTS, "entry", "deterministic", "settings", "trace"}


class TraceMarks(Struct, frozen=True):
    """Which files a ``trace_reader`` reads: by their beginning, and by their name if it says so."""

    begins: str
    names: tuple[str, ...] = ()


class Manifest(Struct, frozen=True):
    """A valid ``plugin.toml``.

    ``folder`` is the absolute folder it lies in. ``entry`` is "module:function"; a command has
    ``argv`` instead, where an item that begins with "./" is a file of the folder.
    """

    id: str
    name: str
    version: str
    api: str
    licence: str
    kinds: tuple[PluginKind, ...]
    form: PluginForm
    folder: str
    entry: str = ""
    argv: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ()
    needs: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    deterministic: bool = False
    description: str = ""
    cost_estimate: str = ""
    cost_formula: str = ""
    paper: str = ""
    homepage: str = ""
    trace: TraceMarks | None = None


class ManifestProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A manifest is not valid; ``problems`` has all that is wrong with it, each with its key."""

    def __init__(self, path: Path, problems: tuple[str, ...]) -> None:
        self.path = path
        self.problems = problems
        super().__init__(f"{path}: " + "; ".join(problems))


def load(path: Path) -> Manifest:
    """Read a manifest: ``path`` is the file, or the folder it lies in.

    Raises:
        ManifestProblem: it cannot be read, or is not valid; all problems at once.
    """
    file = path / MANIFEST_NAME if path.is_dir() else path
    try:
        table = tomllib.loads(file.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise ManifestProblem(file, (f"there is no {MANIFEST_NAME}",)) from None
    except OSError as problem:
        raise ManifestProblem(file, (f"cannot be read: {problem.strerror}",)) from problem
    except UnicodeDecodeError as problem:
        raise ManifestProblem(file, (f"is not UTF-8 (byte {problem.start})",)) from problem
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise ManifestProblem(file, (f"is not valid TOML: {problem}",)) from problem
    return _checked(file, table)


def _checked(file: Path, table: Mapping[str, Any]) -> Manifest:
    found: list[tuple[str, str]] = [
        (key, "is not known; check its spelling") for key in sorted(table.keys() - _KNOWN)
    ]
    found += _text_problems(table)
    found += _list_problems(table)
    found += _value_problems(table)
    found += _entry_problems(file.parent, table)
    if not isinstance(table.get("deterministic", False), bool):
        found.append(("deterministic", "must be true or false"))
    settings, problems = parse_settings(table.get("settings", {}))
    found += problems
    found += _trace_problems(table)
    if found:
        raise ManifestProblem(file, tuple(f"'{key}' {text}" for key, text in found))
    command = table["form"] == "command"
    built: dict[str, Any] = {
        **{key: table[key] for key in _TEXT},
        **{key: table.get(key, "") for key in _OPTIONAL_TEXT},
        **{key: tuple(table.get(key, ())) for key in _LISTS},
        "folder": str(file.parent.resolve()),
        "entry": "" if command else table["entry"],
        "argv": tuple(table["entry"]) if command else (),
        "settings": settings,
        "deterministic": table.get("deterministic", False),
        "trace": _marks(table),
    }
    return Manifest(**built)


def _text_problems(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(key, "is missing") for key in (*_TEXT, "kinds", "entry") if key not in table]
    for key in (*_TEXT, *_OPTIONAL_TEXT):
        value = table.get(key, "x")
        if not isinstance(value, str):
            found.append((key, "must be text in quotes"))
        elif key in _TEXT and not value.strip():
            found.append((key, "is empty"))
    return found


def _list_problems(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    checks: dict[str, Callable[[str], str | None]] = {
        "kinds": _kind_problem,
        "needs": _need_problem,
        "permissions": _permission_problem,
        "secrets": lambda name: None if name.isidentifier() else "must be a name like API_KEY",
    }
    found: list[tuple[str, str]] = []
    for key, check in checks.items():
        value = table.get(key, ["x"] if key == "kinds" else [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            found.append((key, "must be a list of texts"))
        elif key == "kinds" and not value:
            found.append((key, "is empty; name at least one"))
        elif key in table:
            found += [(key, f"has '{item}': {text}") for item in value if (text := check(item))]
    return found


def _trace_problems(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    reads = isinstance(table.get("kinds"), list) and "trace_reader" in table["kinds"]
    if "trace" not in table:
        return [("trace", "is missing; a trace_reader says what its files are")] if reads else []
    marks = table["trace"]
    if not isinstance(marks, dict):
        return [("trace", "must be a table with 'begins'")]
    found = [(f"trace.{key}", "is not known") for key in sorted(marks.keys() - {"begins", "names"})]
    if not reads:
        found.append(("trace", "is for plugins of the kind trace_reader alone"))
    begins, names = marks.get("begins"), marks.get("names", [])
    if not isinstance(begins, str) or not begins:
        found.append(("trace.begins", "must be a regular expression; a name alone decides nothing"))
    else:
        try:
            re.compile(begins.encode())
        except (re.error, RecursionError, OverflowError) as problem:
            found.append(("trace.begins", f"is no regular expression: {problem}"))
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        found.append(("trace.names", "must be a list of file name patterns"))
    return found


def _marks(table: Mapping[str, Any]) -> TraceMarks | None:
    marks = table.get("trace")
    return TraceMarks(marks["begins"], tuple(marks.get("names", ()))) if marks else None


def _kind_problem(kind: str) -> str | None:
    kinds = get_args(PluginKind)
    return None if kind in kinds else f"must be one of {', '.join(kinds)}"


def _need_problem(need: str) -> str | None:
    if "|" in need:
        return next((found for one in need.split("|") if (found := _need_problem(one))), None)
    if need in NEEDS or any(need.startswith(p) and len(need) > len(p) for p in _NEED_PREFIXES):
        return None
    return f"must be one of {', '.join(NEEDS)}, or {', '.join(_NEED_PREFIXES)} and a name"


def _permission_problem(permission: str) -> str | None:
    return None if permission in PERMISSIONS else f"must be one of {', '.join(PERMISSIONS)}"


def _value_problems(table: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    identity, api, form = table.get("id"), table.get("api"), table.get("form")
    if isinstance(identity, str) and identity.strip() and not _ID.fullmatch(identity):
        found.append(("id", "must be small letters, digits and '_', and begin with a letter"))
    if isinstance(api, str) and api.strip() and (problem := api_problem(api)):
        found.append(("api", problem))
    if isinstance(form, str) and form.strip() and form not in get_args(PluginForm):
        found.append(("form", f"must be one of {', '.join(get_args(PluginForm))}"))
    formula = table.get("cost_formula", "")
    if isinstance(formula, str) and formula.strip():
        try:
            parse_formula(formula)
        except FormulaProblem as problem:
            found.append(("cost_formula", f"is no formula: {problem}"))
    return found


def api_problem(wanted: str) -> str | None:
    """Say why a plugin made for API ``wanted`` cannot run here; None when it can."""
    parsed, ours = _VERSION.fullmatch(wanted), _VERSION.fullmatch(API_VERSION)
    if parsed is None:
        return "must be a version like 1.0"
    assert ours is not None
    if parsed[1] != ours[1]:
        return f"is {wanted}, this program has {API_VERSION}; install a plugin made for it"
    if int(parsed[2]) > int(ours[2]):
        return f"is {wanted}, this program has only {API_VERSION}; update Skill Workbench"
    return None


def _entry_problems(folder: Path, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    if "entry" not in table:
        return []
    entry = table["entry"]
    if table.get("form") != "command":
        if isinstance(entry, str) and _ENTRY.fullmatch(entry):
            return []
        return [("entry", 'must be "module:function"')]
    if not isinstance(entry, list) or not entry or not all(isinstance(a, str) for a in entry):
        return [("entry", "of a command must be a list: the program and its arguments")]
    missing = [a for a in entry if a.startswith("./") and not (folder / a).is_file()]
    return [("entry", f"names {a}, which is not in the plugin's folder") for a in missing]


def words_for_need(need: str) -> str:
    """Return what is missing when ``need`` is unmet, in words."""
    if "|" in need:
        return " or ".join(words_for_need(one) for one in need.split("|"))
    kind, _, name = need.partition(":")
    return {
        "model": f"a model for the role '{name}'",
        "program": f"the program '{name}'",
        "python": f"the Python package '{name}'",
    }.get(kind, NEEDS.get(need, need))
