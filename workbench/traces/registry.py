"""Which formats there are: every module of ``formats`` that says so."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from workbench.traces import formats
from workbench.traces.importer import Importer, Probe


@functools.cache
def importers() -> tuple[Importer, ...]:
    """Return all importers, in the order of their modules' names."""
    found: list[Importer] = []
    for module in sorted(entry.name for entry in pkgutil.iter_modules(formats.__path__)):
        loaded = importlib.import_module(f"{formats.__name__}.{module}")
        found.extend(getattr(loaded, "IMPORTERS", ()))
    return tuple(found)


def importer_of(format_id: str) -> Importer:
    """Return the importer of that id.

    Raises:
        KeyError: there is none.
    """
    for importer in importers():
        if importer.id == format_id:
            return importer
    raise KeyError(format_id)


def best_importer(probe: Probe) -> Importer | None:
    """Return the format with the most votes, None when none knows the file."""
    scored = [(importer.score(probe), importer) for importer in importers()]
    votes, importer = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return importer if votes > 0 else None
