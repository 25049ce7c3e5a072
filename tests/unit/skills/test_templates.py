"""New skills are whole, valid, and never in the way of others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.files import FileProblem
from workbench.skills.check import CLIENTS, check_skill
from workbench.skills.read import read_skill
from workbench.skills.templates import create_skill, name_problem, templates


@pytest.mark.parametrize("template", templates(), ids=lambda one: one.id)
def test_each_template_makes_a_skill_every_client_takes(tmp_path, template):
    folder = create_skill(tmp_path, template, "pdf-forms", 'Fills: "forms" & more # really')
    skill = read_skill(folder)
    assert (skill.name, skill.description) == ("pdf-forms", 'Fills: "forms" & more # really')
    found = check_skill(skill, tuple(CLIENTS))
    assert [one.message for one in found if one.severity in ("error", "warning")] == []
    assert "$name" not in skill.text
    assert "# Pdf forms" in skill.text
    assert [path.name for path in tmp_path.iterdir()] == ["pdf-forms"]


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "demo").mkdir()
    with pytest.raises(FileProblem, match="exists already"):
        create_skill(tmp_path, templates()[0], "demo", "d")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FileProblem, match="exists already"):
        create_skill(tmp_path, templates()[0], "link", "d")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a--b", "../x", "a/b", "x" * 65, "名"])
def test_a_name_that_will_not_do_is_told(tmp_path, name):
    assert name_problem(name)
    with pytest.raises(FileProblem):
        create_skill(tmp_path, templates()[0], name, "d")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Give"),
        ("A", "lower-case"),
        ("a--b", "hyphens"),
        ("x" * 65, "64"),
        ("taken", "already"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(name, words):
    assert words in name_problem(name, {"taken"})


def test_a_folder_there_already_is_told_before():
    assert name_problem("demo", ("demo",))
    assert name_problem("pdf-forms2", ("other",)) == ""


def test_a_disk_that_refuses_leaves_nothing(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise FileProblem("the disk is full")

    monkeypatch.setattr("workbench.skills.templates.write_atomic", refuse)
    with pytest.raises(FileProblem, match="disk is full"):
        create_skill(tmp_path, templates()[0], "demo", "d")
    assert list(tmp_path.iterdir()) == []


def test_a_description_too_long_is_told(tmp_path):
    with pytest.raises(FileProblem, match="at most 1,024"):
        create_skill(tmp_path, templates()[0], "demo", "d" * 1025)


@given(st.text(min_size=1, max_size=60))
def test_any_description_reads_back(tmp_path_factory, text):
    plain = " ".join(text.split())
    root = tmp_path_factory.mktemp("new")
    folder = create_skill(root, templates()[0], "demo", text)
    if plain:
        assert read_skill(folder).description == plain
    assert read_skill(folder).front_matter.error is None
