"""JSON Schemas of what ``proposals split``, ``comment`` and ``comments`` print.

To write them again: ``python -m workbench.cli.proposals_lines_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli.proposals_schemas import HUNK
from workbench.cli.schema_files import list_of, object_of, schema_file, write_all
from workbench.domain.comment import Comment
from workbench.domain.proposal import Split

_TEXT: dict[str, Any] = {"type": "string"}


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    kinds = (Split, Comment)
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    split, comment = references
    thread = object_of(
        id=_TEXT,
        path=_TEXT,
        side={"enum": ["old", "new"]},
        line={"type": "integer"},
        text=_TEXT,
        outdated={"type": "boolean"},
        resolved_by=_TEXT,
        hunk=_TEXT,
        comments=list_of(comment),
    )
    documents = {
        "proposal-split": object_of(id=_TEXT, splits=list_of(split), hunks=list_of(HUNK)),
        "comments": object_of(id=_TEXT, threads=list_of(thread)),
    }
    return {
        f"{name}.json": schema_file("proposals", name, one, parts)
        for name, one in documents.items()
    }


def main(folder: Path) -> None:
    """Write the schemas into a folder."""
    write_all(folder, schemas())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
