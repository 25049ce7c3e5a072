"""What the window remembers between starts: layout, theme, recently opened folders.

One JSON file in the user's state folder. It carries a version: after a change of the layout an old
one is ignored instead of drawing docks at odd places. A file that cannot be read is set aside.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

_log = logging.getLogger(__name__)

#: Raise it when docks, their names or areas change.
LAYOUT_VERSION = 1
_RECENT = 10


@dataclass(frozen=True, slots=True)
class Session:
    """The window as it was left. Geometry and docks are base64 of Qt's own states."""

    layout: int = LAYOUT_VERSION
    geometry: str = ""
    docks: str = ""
    theme: str = "light"
    activity: str = "library"
    recent: tuple[str, ...] = ()
    splits: dict[str, list[int]] = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    def opened(self, folder: Path) -> Session:
        """Return the session with the folder first among the recent ones."""
        rest = [entry for entry in self.recent if entry != str(folder)]
        return replace(self, recent=(str(folder), *rest)[:_RECENT])

    def ran(self, command_id: str) -> Session:
        """Return the session with the command first among those the palette lists first."""
        rest = [entry for entry in self.commands if entry != command_id]
        return replace(self, commands=(command_id, *rest)[:_RECENT])


def load_session(path: Path) -> Session:
    """Read the session; a missing or broken file gives a fresh one."""
    try:
        table = json.loads(path.read_bytes())
        session = _from_table(table)
    except FileNotFoundError:
        return Session()
    except (OSError, ValueError, TypeError, KeyError) as problem:
        _log.warning("%s cannot be read (%s); the window starts afresh.", path, problem)
        return Session()
    if session.layout != LAYOUT_VERSION:
        return replace(session, layout=LAYOUT_VERSION, geometry="", docks="", splits={})
    return session


def save_session(path: Path, session: Session) -> None:
    """Write the session; a full or read-only disk is logged, nothing more."""
    from workbench.files import FileProblem, write_atomic

    try:
        write_atomic(path, json.dumps(asdict(session), indent=1).encode())
    except FileProblem as problem:
        _log.warning("The window's layout was not saved: %s", problem)


def _from_table(table: dict[str, object]) -> Session:
    def text(key: str, default: str = "") -> str:
        value = table.get(key, default)
        return value if isinstance(value, str) else default

    def texts(key: str) -> tuple[str, ...]:
        value = table.get(key, ())
        return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()

    layout = table["layout"]
    splits = table.get("splits")
    return Session(
        layout=layout if isinstance(layout, int) else 0,
        geometry=text("geometry"),
        docks=text("docks"),
        theme=text("theme", "light"),
        activity=text("activity", "library"),
        recent=texts("recent"),
        splits={
            name: [size for size in sizes if isinstance(size, int)]
            for name, sizes in (splits if isinstance(splits, dict) else {}).items()
            if isinstance(name, str) and isinstance(sizes, list)
        },
        commands=texts("commands"),
    )
