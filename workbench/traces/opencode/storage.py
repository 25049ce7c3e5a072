"""OpenCode's older storage: one JSON file for each session, message and part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from workbench.traces.json_values import decode_object, string

_MAX_FILES: Final = 20_000
_MAX_BYTES: Final = 4 << 20


def storage_files(path: Path) -> Sequence[Path]:
    """Return the messages and parts of the session at ``storage/session/<project>/<file>``.

    Newer parts lie in a folder for each message, older ones side by side, naming their message.
    """
    if path.suffix != ".json" or path.parent.parent.name != "session":
        return ()
    storage = path.parent.parent.parent
    session = _id_of(path)
    if session is None or not _is_name(session):
        return ()
    messages = _files(storage / "message" / session)
    found = list(messages)
    names = {name for message in messages if (name := _id_of(message)) and _is_name(name)}
    for name in sorted(names):
        found += _files(storage / "part" / name)
    for part in _files(storage / "part"):
        value = _object(part)
        if value is not None and string(value.get("messageID")) in names:
            found.append(part)
    return found[:_MAX_FILES]


def _files(folder: Path) -> list[Path]:
    if folder.is_symlink() or not folder.is_dir():
        return []
    found = (path for path in folder.glob("*.json") if path.is_file() and not path.is_symlink())
    return sorted(found)[:_MAX_FILES]


def _is_name(text: str) -> bool:
    return text not in (".", "..") and not any(mark in text for mark in "/\\\0")


def _object(path: Path) -> dict[str, object] | None:
    try:
        with path.open("rb") as file:
            return decode_object(file.read(_MAX_BYTES))
    except OSError:
        return None


def _id_of(path: Path) -> str | None:
    value = _object(path)
    return string(value.get("id")) if value is not None else None
