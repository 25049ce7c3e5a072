"""The schemas that are published are those of the values."""

from __future__ import annotations

import json

from tests.unit.plugin.schema_subset import problems
from workbench.domain.job import Candidate, Request, encode_event
from workbench.plugin.schemas import main, protocol_schemas
from workbench.resources import bundled

FOLDER = bundled("resources") / "schemas"


def test_the_files_are_up_to_date() -> None:
    for name, text in protocol_schemas().items():
        assert (FOLDER / name).read_bytes() == text, f"write {name} again (see plugin/schemas.py)"


def test_they_can_be_written_anew(tmp_path) -> None:
    main(tmp_path / "schemas")
    assert {path.name for path in (tmp_path / "schemas").iterdir()} == set(protocol_schemas())


def test_they_tell_a_good_document_from_a_bad_one() -> None:
    import msgspec

    schema = json.loads((FOLDER / "plugin-request.json").read_text())
    request = Request(job="j", kind="scanner", library="/l", skills=(), settings={"a": 1})
    good = json.loads(msgspec.json.encode(request))
    assert problems(good, schema) == []
    assert problems({**good, "kind": "scaner"}, schema) != []
    events = json.loads((FOLDER / "plugin-event.json").read_text())
    event = json.loads(encode_event(Candidate(id="c", parents=("a",))))
    assert problems(event, events) == []
    assert problems({**event, "parents": [1]}, events) != []
