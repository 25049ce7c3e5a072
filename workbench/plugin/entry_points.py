"""Plugins in installed packages: where their folders are, without importing them.

A distribution names its plugin as ``[project.entry-points."skill_workbench.plugins"]`` with
``<id> = "<package>"``; the package holds ``plugin.toml``. Asking every distribution costs tens of
milliseconds, so the answer is kept until a folder of the module search path changes.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from workbench.files import FileProblem, write_atomic

GROUP = "skill_workbench.plugins"
_CACHE_NAME = "installed_plugins.json"


class _Cache(Struct, frozen=True):
    searched: tuple[tuple[str, int], ...]
    values: tuple[str, ...]


def entry_point_folders(cache_folder: Path) -> tuple[tuple[Path, Path], ...]:
    """Return (folder of the plugin, folder its package is imported from) of each entry point."""
    found = [_locate(value) for value in _values(cache_folder / _CACHE_NAME)]
    return tuple(place for place in found if place is not None)


def _values(cache_file: Path) -> tuple[str, ...]:
    searched = _searched()
    cache = _read_cache(cache_file)
    if cache is not None and cache.searched == searched:
        return cache.values
    points = importlib.metadata.entry_points(group=GROUP)
    values = tuple(sorted({point.value for point in points}))
    # A cache that cannot be kept costs time, nothing else.
    with contextlib.suppress(FileProblem):
        write_atomic(cache_file, msgspec.json.encode(_Cache(searched, values)))
    return values


def _read_cache(file: Path) -> _Cache | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Cache)
    except (OSError, msgspec.MsgspecError):
        return None


def _searched() -> tuple[tuple[str, int], ...]:
    places: list[tuple[str, int]] = []
    for entry in sys.path:
        try:
            places.append((entry, Path(entry).stat().st_mtime_ns))
        except OSError:
            continue
    return tuple(places)


def _locate(value: str) -> tuple[Path, Path] | None:
    """Find a package by its top-level name: only finding a sub-package would import its parent."""
    top, *rest = value.partition(":")[0].strip().split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(next(iter(spec.submodule_search_locations)))
    return package.joinpath(*rest), package.parent
