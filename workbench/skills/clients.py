"""Client profiles: which rules hold for whom, how severe, by which source of what date."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from workbench.domain.diagnostic import Severity
from workbench.resources import bundled


class ClientRule(Struct, frozen=True, forbid_unknown_fields=True):
    """One rule of a client; ``source`` is a key of the sources, the client's own when empty."""

    severity: Severity
    source: str = ""


class Client(Struct, frozen=True, forbid_unknown_fields=True):
    """A program that reads skills, as far as its demands are known.

    ``limits`` are counts of characters (name, description, compatibility, listing), lines or bytes.
    ``collapse`` tells that white space is collapsed before lengths are measured. ``reference`` is
    the reference validator, whose verdict is reproduced instead of the rules.
    """

    title: str
    source: str
    id: str = ""
    keys: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()
    reserved_words: tuple[str, ...] = ()
    reserved_folders: tuple[str, ...] = ()
    limits: dict[str, int] = {}
    collapse: bool = False
    reference: bool = False
    rules: dict[str, ClientRule] = {}


class _Profiles(Struct, frozen=True, forbid_unknown_fields=True):
    sources: dict[str, str]
    clients: dict[str, Client]


def load_clients(path: Path | None = None) -> dict[str, Client]:
    """Return the profiles by id, their sources spelled out.

    Raises:
        ValueError: the file is not as it should be; says where.
    """
    path = path or bundled("resources") / "clients.toml"
    profiles = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _Profiles)
    return {
        client_id: _spelled_out(client_id, client, profiles.sources, path)
        for client_id, client in profiles.clients.items()
    }


def _spelled_out(client_id: str, client: Client, sources: dict[str, str], path: Path) -> Client:
    def text(source: str) -> str:
        if source not in sources:
            raise ValueError(f"{path}: the client '{client_id}' names an unknown source '{source}'")
        return sources[source]

    rules = {
        rule_id: ClientRule(rule.severity, text(rule.source or client.source))
        for rule_id, rule in client.rules.items()
    }
    return msgspec.structs.replace(client, id=client_id, source=text(client.source), rules=rules)


CLIENTS: Final[dict[str, Client]] = load_clients()
