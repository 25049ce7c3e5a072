"""JSON Schemas of what ``share --format json`` prints, made from the values themselves.

To write them again: ``python -m workbench.cli.share_schemas resources/schemas``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from workbench.cli.schema_files import list_of, object_of, schema_file, write_all
from workbench.review.reviewers import Said
from workbench.review.sharing.incoming import IncomingCommit
from workbench.review.sharing.publishing import Outgoing
from workbench.review.sharing.settings import Sharing
from workbench.store.git import Commit
from workbench.store.remotes import Distance, Upstream

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS = list_of(_TEXT)
_WHOLE: dict[str, Any] = {"type": "integer"}
_TRUTH: dict[str, Any] = {"type": "boolean"}
_MAYBE: dict[str, Any] = {"type": ["string", "null"]}
_HELD = list_of(object_of(proposal=_TEXT, why=_TEXT))
_QUEUE = object_of(
    remote=_TEXT,
    branch=_TEXT,
    address=_TEXT,
    there=_TRUTH,
    shared=_TEXTS,
    waiting=_TEXTS,
    unsent=_WHOLE,
    aside=_TEXTS,
    problems=_TEXTS,
)


def schemas() -> dict[str, bytes]:
    """Return the text of each schema by its file name."""
    kinds = (Upstream, Distance, IncomingCommit, Commit, Outgoing, Said, Sharing)
    references, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    named = {kind.__name__: ref for kind, ref in zip(kinds, references, strict=True)}

    def maybe(name: str) -> dict[str, Any]:
        return {"anyOf": [{"type": "null"}, named[name]]}

    upstream, distance = named["Upstream"], named["Distance"]
    documents: dict[str, dict[str, Any]] = {
        "share-setting": object_of(sharing=maybe("Sharing")),
        "share-status": object_of(
            library=_TEXT,
            repository=_TEXT,
            branch=_MAYBE,
            upstream=maybe("Upstream"),
            distance=maybe("Distance"),
            problem=_TEXT,
            queue={"anyOf": [{"type": "null"}, _QUEUE]},
        ),
        "share-fetch": object_of(
            upstream=upstream, changed=_TRUTH, gone=_TRUTH, lost=_WHOLE, distance=distance
        ),
        "share-incoming": object_of(
            upstream=upstream,
            distance=distance,
            commits=list_of(named["IncomingCommit"]),
            can_forward=_TRUTH,
            why_not=_TEXT,
            unreviewed=_TEXTS,
        ),
        "share-taken": object_of(upstream=upstream, proposals=_TEXTS),
        "share-forward": object_of(commit=_TEXT, applied=_TEXTS, unreviewed=_TEXTS),
        "share-join": object_of(upstream=upstream, commit=_TEXT, came_along=_TEXTS),
        "share-push": object_of(
            upstream=upstream, commits=list_of(named["Commit"]), pushed=_TRUTH, why_not=_TEXT
        ),
    }
    documents |= _of_queue(named)
    return {
        f"{name}.json": schema_file("share", name, one, parts) for name, one in documents.items()
    }


def _of_queue(named: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the documents about the queue of a team."""
    said = list_of(named["Said"])
    number = {"type": ["integer", "null"]}
    conflict = object_of(proposal=_TEXT, hunk=_TEXT, number=number, said=said)
    decided = object_of(proposal=_TEXT, reviewer=_TEXT)
    return {
        "share-preview": object_of(
            remote=_TEXT,
            branch=_TEXT,
            address=_TEXT,
            files=list_of(named["Outgoing"]),
            proposals=_TEXTS,
            held=_HELD,
            replaced={"type": "object", "additionalProperties": _WHOLE},
            staying=_TEXTS,
        ),
        "share-sync": object_of(
            commit=_MAYBE,
            pushed=_TRUTH,
            sent=_TEXTS,
            proposals=_TEXTS,
            decisions=list_of(decided),
            comments=list_of(object_of(proposal=_TEXT, author=_TEXT)),
            tests=list_of(object_of(proposal=_TEXT, by=_TEXT)),
            found=_TEXTS,
            applied=_TEXTS,
            conflicts=_TEXTS,
            held=_HELD,
            differing=_TEXTS,
            problems=_TEXTS,
        ),
        "share-conflicts": object_of(conflicts=list_of(conflict), problems=_TEXTS),
    }


def main(folder: Path) -> None:
    """Write the schemas into a folder."""
    write_all(folder, schemas())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
