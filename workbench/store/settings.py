"""Settings: a sparse TOML file that holds what the user changed and nothing else.

Comments, order and keys this version does not know stay as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import tomlkit
from msgspec import Struct
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable

from workbench.files import FileProblem, write_atomic

Value = str | int | float | bool | list[str]
Kind = Literal["text", "choice", "whole", "number", "switch", "list"]


class Setting(Struct, frozen=True):
    """One setting. ``key`` is dotted; numbers lie between ``low`` and ``high``."""

    key: str
    kind: Kind
    default: Value
    title: str
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


SCHEMA: Final = (
    Setting(
        "appearance.theme",
        "choice",
        "system",
        "Theme",
        ("system", "light", "dark", "high-contrast"),
    ),
    Setting(
        "appearance.font_size", "whole", 0, "Font size in points (0: as the system)", (), 0, 48
    ),
    Setting("appearance.reduce_motion", "switch", False, "No animation"),
    Setting("editor.wrap", "switch", True, "Wrap long lines"),
    Setting("editor.tab_width", "whole", 4, "Tab width", (), 1, 16),
    Setting("check.clients", "list", ["agentskills"], "Clients whose rules are checked"),
    Setting("evolution.engine", "text", "evidence_miner", "Engine that is offered first"),
    Setting("review.reviewer", "text", "", "Reviewer (empty: the identity git knows)"),
    Setting("review.commit", "switch", True, "Commit what is applied"),
    Setting("jobs.parallel", "whole", 2, "Jobs at a time", (), 1, 64),
    Setting("plugins.disabled", "list", [], "Plugins that are switched off"),
    Setting("recent.libraries", "list", [], "Libraries opened last"),
)


class SettingProblem(FileProblem):
    """A value does not fit its setting, or the file is broken; the message says what to do."""


class Settings:
    """The settings of one file; ``problems`` are values in it that could not be used."""

    def __init__(self, path: Path, schema: tuple[Setting, ...] = SCHEMA) -> None:
        self.path = path
        self._schema = {setting.key: setting for setting in schema}
        self.problems: tuple[str, ...] = ()
        self._document = self._read()
        if not self.problems:
            self.problems = tuple(self._wrong_values())

    @property
    def schema(self) -> tuple[Setting, ...]:
        """All settings there are, for the form that shows them."""
        return tuple(self._schema.values())

    def get(self, key: str) -> Value:
        """Return the value: the user's when it fits, else the default.

        Raises:
            KeyError: there is no such setting.
        """
        setting = self._schema[key]
        found = self._stored(key)
        return setting.default if found is None or problem_of(setting, found) else found

    def is_set(self, key: str) -> bool:
        """Whether the user changed it."""
        return self._stored(key) is not None

    def set(self, key: str, value: Value) -> None:
        """Keep a value; the default is not written but taken out.

        Raises:
            SettingProblem: the value does not fit, or the file is broken and so not written over.
            FileProblem: the file cannot be written.
            KeyError: there is no such setting.
        """
        setting = self._schema[key]
        problem = problem_of(setting, value)
        if problem:
            raise SettingProblem(problem)
        if value == setting.default:
            self.reset(key)
            return
        document = self._for_writing()
        *tables, name = key.split(".")
        table: AbstractTable | tomlkit.TOMLDocument = document
        for part in tables:
            inner = table.get(part)
            if not isinstance(inner, AbstractTable):
                inner = tomlkit.table()
                table[part] = inner
            table = inner
        table[name] = value
        self._write(document)

    def reset(self, key: str) -> None:
        """Go back to the default.

        Raises:
            SettingProblem: the file is broken and may not be overwritten.
            FileProblem: the file cannot be written.
        """
        if self._stored(key) is None:
            return
        document = self._for_writing()
        *tables, name = key.split(".")
        table: AbstractTable | tomlkit.TOMLDocument = document
        for part in tables:
            inner = table.get(part)
            if not isinstance(inner, AbstractTable):
                return
            table = inner
        table.pop(name, None)
        self._write(document)

    def _stored(self, key: str) -> Value | None:
        found: object = self._document.unwrap()
        for part in key.split("."):
            if not isinstance(found, dict) or part not in found:
                return None
            found = found[part]
        return found if isinstance(found, str | int | float | list) else str(found)

    def _for_writing(self) -> tomlkit.TOMLDocument:
        """Read again: another window may have written meanwhile."""
        problems, self.problems = self.problems, ()
        document = self._read()
        if self.problems:
            raise SettingProblem(f"{self.problems[0]} Nothing was saved.")
        self.problems = problems
        return document

    def _write(self, document: tomlkit.TOMLDocument) -> None:
        write_atomic(self.path, tomlkit.dumps(document).encode())
        self._document = document
        self.problems = tuple(self._wrong_values())

    def _read(self) -> tomlkit.TOMLDocument:
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return tomlkit.document()
        except OSError as problem:
            self.problems = (f"Cannot read {self.path}: {problem.strerror}.",)
            return tomlkit.document()
        try:
            return tomlkit.parse(data.decode("utf-8"))
        except (TOMLKitError, UnicodeDecodeError, RecursionError) as problem:
            self.problems = (
                f"{self.path} is not valid TOML ({problem}); the defaults are used. Mend it or "
                "delete it.",
            )
            return tomlkit.document()

    def _wrong_values(self) -> list[str]:
        problems: list[str] = []
        for key, setting in self._schema.items():
            found = self._stored(key)
            problem = None if found is None else problem_of(setting, found)
            if problem:
                problems.append(f"{self.path}: {problem} The default is used.")
        return problems


def problem_of(setting: Setting, value: object) -> str | None:
    """Return why a value does not fit, None when it does."""
    expected: dict[Kind, tuple[type, ...]] = {
        "text": (str,),
        "choice": (str,),
        "whole": (int,),
        "number": (int, float),
        "switch": (bool,),
        "list": (list,),
    }
    wrong_bool = isinstance(value, bool) and setting.kind != "switch"
    if wrong_bool or not isinstance(value, expected[setting.kind]):
        return f"{setting.key} is {value!r} and should be of kind {setting.kind}."
    if setting.kind == "choice" and value not in setting.choices:
        return f"{setting.key} is {value!r} and should be one of {', '.join(setting.choices)}."
    if isinstance(value, list) and not all(isinstance(one, str) for one in value):
        return f"{setting.key} should be a list of texts."
    if isinstance(value, int | float) and setting.kind in ("whole", "number"):
        low, high = setting.low, setting.high
        if (low is not None and value < low) or (high is not None and value > high):
            return f"{setting.key} is {value} and should lie between {low} and {high}."
    return None
