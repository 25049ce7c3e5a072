"""JSON Schemas of what ``proposals test`` and ``ask-again`` print, made from the values themselves.

To write them again: ``python -m workbench.cli.proposals_tasks_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli.schema_files import list_of, object_of, schema_file, write_all
from workbench.domain.selection_test import SelectionTest
from workbench.evolution.run import Cost
from workbench.review.again.retest import RetestEstimate

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    kinds = (SelectionTest, RetestEstimate, Cost)
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    test, estimate, cost = references
    documents = {
        "proposal-test": object_of(
            id=_TEXT, means=_TEXT, notes=_TEXTS, estimate=estimate, tests=list_of(test)
        ),
        "proposal-asked": object_of(
            id=_TEXT,
            engine=_TEXT,
            status=_TEXT,
            summary=_TEXT,
            job=_TEXT,
            proposals=_TEXTS,
            replacing=_TEXTS,
            refused=_TEXTS,
            notes=_TEXTS,
            cost=cost,
        ),
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
