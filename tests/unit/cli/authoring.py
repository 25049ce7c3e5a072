"""What the tests of authoring commands share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.plugin.schema_subset import problems
from workbench.resources import bundled


def make(root: Path, name: str, body: str = "\n# Title\n\nText.\n", **keys: str) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    keys = {"description": f"Does {name}.", **keys}
    lines = "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in keys.items())
    (folder / "SKILL.md").write_text(f"---\nname: {name}\n{lines}---\n{body}", encoding="utf-8")
    return folder


def checked(out: str, kind: str) -> dict[str, Any]:
    """Return the document after a look at its published schema."""
    document = json.loads(out)
    schema = json.loads((bundled("resources") / "schemas" / f"{kind}.json").read_text())
    assert document["schema"] == f"skill-workbench/{kind}/1"
    assert problems(document, schema) == []
    return document
