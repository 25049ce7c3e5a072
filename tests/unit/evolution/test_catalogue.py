"""The published engines as data, with what is here of them."""

from __future__ import annotations

from pathlib import Path

from workbench.evolution.catalogue import catalogue, engine_cards, matching
from workbench.plugin.manifest import NEEDS
from workbench.plugin.registry import Registry
from workbench.resources import bundled


def plugins(tmp_path: Path) -> Registry:
    return Registry((bundled("plugins"),), tmp_path / "p.json", installed=False)


def test_every_card_is_whole_and_named_once() -> None:
    cards = engine_cards()
    assert len({card.id for card in cards}) == len(cards) >= 38
    known = {*NEEDS, "training", "container"}
    for card in cards:
        assert card.name
        assert card.paper
        assert card.licence
        assert card.summary
        assert card.formula
        for need in card.needs:
            parts = need.split("|")
            assert all(one in known or ":" in one for one in parts), need


def test_installed_ones_come_first_and_what_is_missing_is_named(tmp_path: Path) -> None:
    rows = catalogue(plugins(tmp_path).plugins, {"traces"})
    assert rows[0].card.id == "evidence_miner"
    assert rows[0].words == "Ready to run."
    order = [row.presence for row in rows]
    assert order == sorted(order, key=["here", "importer", "missing"].index)
    by_id = {row.card.id: row for row in rows}
    assert by_id["skvm"].presence == "importer"
    assert "a model for the role 'proposer'" in by_id["trace2skill"].words
    assert "training loop" in by_id["sage"].words


def test_an_engine_somebody_trusts_is_added_by_its_folder_alone(tmp_path: Path) -> None:
    for name in ("evoskill_style", "my_engine"):
        (tmp_path / "own" / name).mkdir(parents=True)
        (tmp_path / "own" / name / "plugin.toml").write_text(
            f'id = "{name}"\nname = "Mine"\nversion = "1"\napi = "1.0"\nlicence = "MIT"\n'
            f'kinds = ["evolver"]\nform = "inprocess"\nentry = "{name}:run"\n'
            'needs = ["documents"]\ndescription = "Of my own."\n'
        )
    folders = (bundled("plugins"), tmp_path / "own")
    registry = Registry(folders, tmp_path / "p.json", installed=False)
    assert "my_engine" not in {row.card.id for row in catalogue(registry.plugins, ())}
    registry.set_enabled("evoskill_style", True)
    registry.set_enabled("my_engine", True)
    found = registry.plugins
    by_id = {row.card.id: row for row in catalogue(found, ())}
    assert (by_id["evoskill"].presence, by_id["evoskill"].plugin) == ("here", "evoskill_style")
    mine = by_id["my_engine"]
    assert (mine.presence, mine.card.summary) == ("here", "Of my own.")
    assert "Missing now: " in mine.words
    assert len(by_id) == len(engine_cards()) + 1


def test_a_search_wants_every_word(tmp_path: Path) -> None:
    rows = catalogue(plugins(tmp_path).plugins, ())
    assert [row.card.id for row in matching(rows, "GRASP repairs")] == ["grasp"]
    assert matching(rows, "zebra") == ()
