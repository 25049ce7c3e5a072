"""Settings keep what they do not know and never lose a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.store.settings import SCHEMA, SettingProblem, Settings, problem_of


def test_only_what_differs_from_the_default_is_written(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "a" / "settings.toml")
    assert settings.get("appearance.theme") == "system"
    settings.set("appearance.theme", "dark")
    settings.set("editor.tab_width", 4)
    assert settings.path.read_text() == '[appearance]\ntheme = "dark"\n'
    assert Settings(settings.path).get("appearance.theme") == "dark"
    settings.set("appearance.theme", "system")
    assert not settings.is_set("appearance.theme")
    assert "dark" not in settings.path.read_text()


def test_unknown_keys_comments_and_order_stay(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    text = "# mine\n[later]\nnew_thing = [1, 2]\n\n[editor] # here\nwrap = false # why\n"
    path.write_text(text)
    Settings(path).set("editor.tab_width", 8)
    assert path.read_text() == text + "tab_width = 8\n"


def test_a_broken_file_is_told_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"theme = = dark\xff")
    settings = Settings(path)
    assert "not valid TOML" in settings.problems[0]
    assert settings.get("appearance.theme") == "system"
    with pytest.raises(SettingProblem, match="Nothing was saved"):
        settings.set("appearance.theme", "dark")
    assert path.read_bytes() == b"theme = = dark\xff"


def test_what_another_window_wrote_meanwhile_stays(tmp_path: Path) -> None:
    one, two = Settings(tmp_path / "s.toml"), Settings(tmp_path / "s.toml")
    one.set("editor.wrap", False)
    two.set("appearance.theme", "light")
    three = Settings(tmp_path / "s.toml")
    assert (three.get("editor.wrap"), three.get("appearance.theme")) == (False, "light")


def test_a_value_that_does_not_fit_is_told_and_the_default_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text('[appearance]\ntheme = "pink"\n[editor]\ntab_width = true\n')
    settings = Settings(path)
    assert len(settings.problems) == 2
    assert settings.get("appearance.theme") == "system"
    assert settings.get("editor.tab_width") == 4
    with pytest.raises(SettingProblem, match="between"):
        settings.set("editor.tab_width", 99)
    with pytest.raises(KeyError):
        settings.get("no.such")


def test_every_default_fits_its_setting() -> None:
    assert [problem_of(setting, setting.default) for setting in SCHEMA] == [None] * len(SCHEMA)


@given(st.binary(max_size=200))
def test_no_file_makes_reading_fail(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_bytes(data)
    settings = Settings(path)
    for setting in settings.schema:
        assert problem_of(setting, settings.get(setting.key)) is None
