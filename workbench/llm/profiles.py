"""Endpoint profiles in ``endpoints.toml``; keys are never kept there."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import tomlkit
from msgspec import Struct

from workbench.files import write_atomic
from workbench.llm.keys import stored_key


class EndpointProblem(Exception):  # noqa: N818 - a problem for a person, in words
    """A profile or a server is not as it should be. The message says what, where, what to do."""


class EndpointProfile(Struct, frozen=True):
    """An OpenAI-compatible server.

    ``key_variable`` names the environment variable of the key; without one in the environment the
    system's keyring is asked for the endpoint's name. Prices are USD for a million tokens; None is
    unknown. ``concurrency`` calls run at once, each tried ``retries`` times more when the server
    is busy or breaks off. ``max_output`` tokens are asked for where a prompt names no cap.
    """

    name: str
    base_url: str
    model: str = ""
    role: str = "target"
    key_variable: str | None = None
    price_input: float | None = None
    price_output: float | None = None
    timeout_s: float = 60.0
    concurrency: int = 4
    retries: int = 3
    max_output: int = 4096

    def key(self) -> str | None:
        """Return the key from the environment or the keyring, None when there is none."""
        named = os.environ.get(self.key_variable) if self.key_variable else None
        return named or stored_key(self.name)

    def price(self, input_tokens: int, output_tokens: int) -> float:
        """Return what so many tokens cost, in USD; what has no price counts as free."""
        return (
            input_tokens * (self.price_input or 0.0) + output_tokens * (self.price_output or 0.0)
        ) / 1e6


def read_profiles(path: Path) -> tuple[EndpointProfile, ...]:
    """Read all profiles; no file means none.

    Raises:
        EndpointProblem: the file is no TOML, or a profile lacks its address.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("endpoints", {})
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as problem:
        raise EndpointProblem(
            f"Cannot read {path}: {problem}. Mend or delete the file."
        ) from problem
    if not isinstance(tables, dict):
        raise EndpointProblem(f"{path}: 'endpoints' has to be a table of profiles.")
    return tuple(_profile(name, table, path) for name, table in tables.items())


def _profile(name: str, table: Any, path: Path) -> EndpointProfile:
    if not isinstance(table, dict) or not isinstance(table.get("base_url"), str):
        raise EndpointProblem(
            f"{path}: the endpoint '{name}' has no base_url. Add one, such as "
            'base_url = "http://127.0.0.1:8080/v1".'
        )
    known = {field for field in EndpointProfile.__struct_fields__ if field != "name"}
    if "key" in table or "api_key" in table:
        raise EndpointProblem(
            f"{path}: the endpoint '{name}' holds a key. Keys are not kept in files: set an "
            'environment variable and name it, key_variable = "MY_KEY".'
        )
    try:
        return EndpointProfile(name, **{key: table[key] for key in table if key in known})
    except TypeError as problem:
        raise EndpointProblem(
            f"{path}: the endpoint '{name}' is not readable: {problem}."
        ) from problem


def save_profile(path: Path, profile: EndpointProfile) -> None:
    """Add or replace one profile; comments and other profiles stay as they are."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    content = tomlkit.parse(text)
    tables = content.setdefault("endpoints", tomlkit.table())
    table = tomlkit.table()
    for field in EndpointProfile.__struct_fields__:
        value = getattr(profile, field)
        if field != "name" and value is not None:
            table[field] = value
    tables[profile.name] = table
    write_atomic(path, tomlkit.dumps(content).encode())


def remove_profile(path: Path, name: str) -> None:
    """Remove one profile; comments and other profiles stay as they are.

    Raises:
        EndpointProblem: there is none of that name.
    """
    content = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
    tables = content.get("endpoints", {})
    if name not in tables:
        raise EndpointProblem(f"There is no endpoint '{name}' in {path}.")
    del tables[name]
    write_atomic(path, tomlkit.dumps(content).encode())


def profile_problem(profile: EndpointProfile) -> str:
    """Say what is wrong with a profile that a person wrote; empty when nothing is."""
    if not profile.name.strip():
        return "Give the endpoint a name."
    if not re.match(r"https?://[^\s/]+", profile.base_url):
        return (
            "The address has to begin with http:// or https://, such as http://127.0.0.1:8080/v1."
        )
    if re.match(r"https?://[^/]*@", profile.base_url):
        return "The address holds a name or a key; keys are kept in the keyring or a variable."
    if profile.key_variable and not profile.key_variable.isidentifier():
        return (
            f"'{profile.key_variable}' is no name of an environment variable. If it is the key "
            "itself, keep it in the keyring: keys are not written into files."
        )
    return ""
