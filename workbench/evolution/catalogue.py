"""The published engines, as data, and what each would need to run here now."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from functools import cache
from typing import Literal

import msgspec
from msgspec import Struct

from workbench.plugin.manifest import words_for_need
from workbench.plugin.registry import PluginInfo, is_met
from workbench.resources import bundled

Presence = Literal["here", "importer", "missing"]

#: What is needed and no manifest can name: no request will ever hold it.
_BEYOND = {
    "training": "a training loop on a GPU",
    "container": "containers",
}


class EngineCard(Struct, frozen=True):
    """A published engine (evolution reference, section 1, November 2026).

    ``level`` says what it is known from. ``plugins`` run it, ``importers`` read its finished runs.
    """

    id: str
    name: str
    paper: str
    licence: str
    level: Literal["code", "docs", "paper"]
    needs: tuple[str, ...]
    formula: str
    summary: str
    homepage: str = ""
    plugins: tuple[str, ...] = ()
    importers: tuple[str, ...] = ()


class CatalogueRow(Struct, frozen=True):
    """A card with what is here of it.

    ``plugin`` is the installed plugin that runs it, or else reads its runs. ``missing`` are needs
    of the engine that nothing meets now, in words.
    """

    card: EngineCard
    presence: Presence
    plugin: str = ""
    missing: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """Say whether it can run, and what it lacks."""
        lacking = f" Missing now: {' and '.join(self.missing)}." if self.missing else ""
        if self.presence == "here":
            return lacking.strip() or "Ready to run."
        if self.presence == "importer":
            return f"Not run here; finished runs are imported ({self.plugin})."
        return f"Not here: it would come as a plugin.{lacking}"


class _Cards(Struct, frozen=True):
    engines: tuple[EngineCard, ...]


@cache
def engine_cards() -> tuple[EngineCard, ...]:
    """Return all published engines, in the order of the file."""
    text = (bundled("resources") / "engines.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Cards).engines


def catalogue(
    plugins: Sequence[PluginInfo], available: Collection[str]
) -> tuple[CatalogueRow, ...]:
    """Return every card with what is here of it; what can be run comes first, then importers.

    An engine that no card names has a row of its own, made of its manifest.

    Args:
        plugins: all there are.
        available: what a request can hold now, as for ``unmet_needs``.
    """
    usable = {plugin.id: plugin for plugin in plugins if plugin.usable}
    cards = engine_cards()
    named = {one for card in cards for one in _engines_of(card)}
    own = (_own_card(plugin) for name, plugin in usable.items() if name not in named)
    rows = [_row(card, usable, available) for card in (*cards, *filter(None, own))]
    rows.sort(key=lambda row: (_ORDER[row.presence], bool(row.missing)))
    return tuple(rows)


_ORDER: dict[Presence, int] = {"here": 0, "importer": 1, "missing": 2}


def _engines_of(card: EngineCard) -> tuple[str, ...]:
    """Return ids of plugins that run it: those it names, and those that are named after it."""
    return (*card.plugins, card.id, f"{card.id}_engine", f"{card.id}_style")


def _own_card(plugin: PluginInfo) -> EngineCard | None:
    """Return a card of an engine that was added as a folder and nothing else."""
    manifest = plugin.manifest
    if manifest is None or "evolver" not in plugin.kinds:
        return None
    return EngineCard(
        id=manifest.id,
        name=manifest.name,
        paper=manifest.paper,
        licence=manifest.licence,
        level="code",
        needs=manifest.needs,
        formula=manifest.cost_estimate,
        summary=manifest.description,
        homepage=manifest.homepage,
        plugins=(manifest.id,),
    )


def _row(
    card: EngineCard, usable: dict[str, PluginInfo], available: Collection[str]
) -> CatalogueRow:
    engine = next((one for one in _engines_of(card) if one in usable), "")
    importer = next((one for one in card.importers if one in usable), "")
    manifest = usable[engine].manifest if engine else None
    # What its plugin asks for here goes before what the publication asks for.
    needs = manifest.needs if manifest is not None else card.needs
    missing = tuple(
        _BEYOND.get(need, "") or words_for_need(need)
        for need in needs
        if need in _BEYOND or not is_met(need, available)
    )
    if engine:
        return CatalogueRow(card, "here", engine, missing)
    return CatalogueRow(card, "importer" if importer else "missing", importer, missing)


def matching(rows: Sequence[CatalogueRow], text: str) -> tuple[CatalogueRow, ...]:
    """Return the rows in which every word of a search is found."""
    words = text.casefold().split()

    def said(row: CatalogueRow) -> str:
        card = row.card
        parts = (card.name, card.paper, card.licence, card.summary, row.words, *card.needs)
        return " ".join(parts).casefold()

    return tuple(row for row in rows if all(word in said(row) for word in words))
