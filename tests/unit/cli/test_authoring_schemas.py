"""The schemas that are published are those of the values."""

from __future__ import annotations

from workbench.cli.authoring_schemas import authoring_schemas, main
from workbench.resources import bundled


def test_published_schemas_are_current():
    folder = bundled("resources") / "schemas"
    for name, text in authoring_schemas().items():
        assert (folder / name).read_bytes() == text, f"write {name} again"


def test_they_are_written_into_a_folder(tmp_path):
    main(tmp_path / "schemas")
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == set(authoring_schemas())
