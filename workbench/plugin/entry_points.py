"""Plugins in installed packages: where their folders are, without importing them.

A distribution names its plugin as ``[project.entry-points."skill_workbench.plugins"]`` with
``<id> = "<package>"``; the package holds ``plugin.toml``. Asking every distribution costs tens of
milliseconds, so it is done when somebody asks, and again only after the module search path changed.
"""

from __future__ import annotations

import importlib.util
import sys
from functools import lru_cache
from pathlib import Path

GROUP = "skill_workbench.plugins"


def entry_point_folders() -> tuple[tuple[Path, Path], ...]:
    """Return (folder of the plugin, folder its package is imported from) of each entry point."""
    found = [_locate(value) for value in _values(_searched())]
    return tuple(place for place in found if place is not None)


@lru_cache(maxsize=1)
def _values(searched: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
    """Return what the entry points name; ``searched`` are folders with their time of change."""
    import importlib.metadata

    del searched  # the cache's key alone
    points = importlib.metadata.entry_points(group=GROUP)
    return tuple(sorted({point.value for point in points}))


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
