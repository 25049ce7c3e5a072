"""Discovery and trust; nothing is imported to find a plugin."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.unit.plugin.test_manifest import GOOD
from workbench.plugin.manifest import load
from workbench.plugin.registry import Registry, UnknownPlugin, unmet_needs
from workbench.resources import bundled


def add_plugin(folder: Path, text: str = GOOD, code: str = "raise SystemExit") -> Path:
    (folder / "probe").mkdir(parents=True)
    (folder / "plugin.toml").write_text(text)
    (folder / "probe" / "__init__.py").write_text(code)
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry([tmp_path / "plugins"], tmp_path / "state" / "plugins.json", installed=False)


def test_bundled_plugins_are_trusted_and_can_be_disabled(tmp_path: Path) -> None:
    registry = Registry([bundled("plugins")], tmp_path / "plugins.json")
    assert registry.get("folder_importer").state == "bundled"
    assert "folder_importer" in [plugin.id for plugin in registry.of_kind("importer")]
    assert registry.set_enabled("folder_importer", False).state == "disabled"
    assert "folder_importer" not in [plugin.id for plugin in registry.of_kind("importer")]
    assert registry.set_enabled("folder_importer", True).state == "bundled"


def test_a_plugin_of_the_user_waits_for_trust_which_is_kept(
    registry: Registry, tmp_path: Path
) -> None:
    add_plugin(tmp_path / "plugins" / "mine")
    found = registry.get("probe")
    assert (found.state, found.usable, found.origin) == ("disabled", False, "user")
    assert "enable it if you trust" in found.reason
    assert registry.set_enabled("probe", True).state == "enabled"
    again = Registry([tmp_path / "plugins"], tmp_path / "state" / "plugins.json", installed=False)
    assert again.get("probe").usable
    assert again.set_enabled("probe", False).state == "disabled"


def test_a_plugin_that_asks_for_more_must_be_trusted_again(
    registry: Registry, tmp_path: Path
) -> None:
    folder = add_plugin(tmp_path / "plugins" / "mine")
    registry.set_enabled("probe", True)
    more = GOOD.replace('["network"]', '["network", "programs"]').replace("API_KEY", "TOKEN")
    (folder / "plugin.toml").write_text(more)
    registry.refresh()
    found = registry.get("probe")
    assert found.state == "disabled"
    assert "asks for more than when you enabled it: TOKEN, programs" in found.reason


def test_a_broken_plugin_is_listed_with_all_its_problems(
    registry: Registry, tmp_path: Path
) -> None:
    add_plugin(tmp_path / "plugins" / "mine", GOOD.replace("MIT", "").replace("1.2", ""))
    found = registry.get("mine")
    assert (found.state, found.manifest, found.usable) == ("broken", None, False)
    assert found.problems == ("'version' is empty", "'licence' is empty")
    assert str(tmp_path) in found.reason


def test_an_id_used_twice_breaks_the_second(registry: Registry, tmp_path: Path) -> None:
    add_plugin(tmp_path / "plugins" / "a")
    add_plugin(tmp_path / "plugins" / "b")
    registry.set_enabled("probe", True)
    assert [plugin.state for plugin in registry.plugins] == ["enabled", "broken"]
    assert "is taken by" in registry.plugins[1].reason
    assert registry.get("probe").folder.endswith("a")


def test_an_unknown_plugin_is_told_with_those_there_are(registry: Registry, tmp_path: Path) -> None:
    add_plugin(tmp_path / "plugins" / "mine")
    with pytest.raises(UnknownPlugin, match=r"no plugin 'other'\. There are: probe"):
        registry.get("other")


@pytest.mark.parametrize("damage", [b"", b"{", b'{"plugins": {"probe": 3}}', b"\xff"])
def test_a_damaged_trust_file_trusts_nothing(
    registry: Registry, tmp_path: Path, damage: bytes
) -> None:
    add_plugin(tmp_path / "plugins" / "mine")
    registry.set_enabled("probe", True)
    (tmp_path / "state" / "plugins.json").write_bytes(damage)
    registry.refresh()
    assert registry.get("probe").state == "disabled"


def test_no_folder_and_stray_files_are_no_plugins(registry: Registry, tmp_path: Path) -> None:
    assert registry.plugins == ()
    (tmp_path / "plugins" / "empty").mkdir(parents=True)
    (tmp_path / "plugins" / "plugin.toml").write_text(GOOD)
    registry.refresh()
    assert registry.plugins == ()


def test_a_plugin_of_an_installed_package_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    package = site / "their_package"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    (package / "plugin.toml").write_text(GOOD)
    info = site / "their_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[skill_workbench.plugins]\nprobe = their_package\n")
    monkeypatch.syspath_prepend(str(site))
    registry = Registry([], tmp_path / "plugins.json")
    found = registry.get("probe")
    assert (found.origin, found.state) == ("installed", "disabled")
    assert found.code_path == str(site)
    assert "their_package" not in sys.modules
    shutil.rmtree(info)
    registry.refresh()
    assert registry.plugins == ()


def test_unmet_needs_are_named(tmp_path: Path) -> None:
    add_plugin(tmp_path / "p", GOOD.replace("program:git", "program:no-such-program-here"))
    manifest = load(tmp_path / "p")
    assert unmet_needs(manifest, {"traces"}) == (
        "a model for the role 'judge'",
        "the program 'no-such-program-here'",
    )
    assert "traces to learn from" in unmet_needs(manifest, ())
