"""Quotes that came from another machine are looked up again in the traces of this one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.review.build import SKILL, edited
from tests.unit.review.two_people import Person, two_people
from workbench.domain.proposal import Evidence, EvidenceCheck
from workbench.evolution.evidence import check_evidence, recheck
from workbench.evolution.trace_lines import trace_ids
from workbench.resources import bundled
from workbench.review.sharing.evidence_here import TracesHere, look_up
from workbench.store.transport import Call
from workbench.traces.index.trace_index import TraceIndex
from workbench.traces.open import open_traces, trace_files


@pytest.fixture
def people(tmp_path: Path) -> tuple[Person, Person]:
    ann, ben = two_people(tmp_path)
    ann.share()
    ben.share()
    return ann, ben


def session() -> Path:
    return trace_files(bundled("resources") / "example" / "traces" / "claude-code")[0]


def put(person: Person, name: str = "") -> Path:
    """Put a session onto a person's machine."""
    folder = person.folder / "traces"
    folder.mkdir(exist_ok=True)
    return Path(shutil.copy(session(), folder / (name or session().name)))


def quoted(path: Path) -> tuple[Evidence, EvidenceCheck]:
    """Return a quote of a trace, verified where it lies."""
    (trace, *_) = found = open_traces(path)
    try:
        words = trace.body(0).text.split("\n")[0][:40]
        name = trace_ids([trace])[0]
        evidence = Evidence("e1", name, 0, 0, words)
        check = check_evidence(evidence, trace)
    finally:
        for one in found:
            one.close()
    assert check.status == "verified", check.reason
    return evidence, check


def shared(ann: Person, ben: Person, evidence: Evidence, check: EvidenceCheck) -> None:
    ann.propose([edited("demo/SKILL.md", SKILL + b"More.\n", evidence=("e1",))])
    proposal = ann.store.get("p1")
    draft = replace(proposal.draft, evidence=(evidence,))
    ann.store.update(replace(proposal, draft=draft, checks=(check,)))
    ann.sync(["p1"])
    ben.sync()
    assert status(ben) == "source_missing"


def status(person: Person) -> str:
    return person.store.get("p1").checks[0].status


def sync(person: Person, traces: TracesHere) -> tuple[str, ...]:
    return person.queue.sync(Call(), reviewer=person.reviewer, traces=traces).taken.found


def test_a_quote_whose_trace_is_watched_here_is_verified_here(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    evidence, check = quoted(put(ann))
    shared(ann, ben, evidence, check)
    own = put(ben)
    index = ben.folder / "traces.db"
    with TraceIndex(index) as made:
        made.watch(own.parent)
        made.sync()
    assert sync(ben, TracesHere(index)) == ("p1",)
    (found,) = ben.store.get("p1").checks
    assert (found.status, found.source, found.step) == ("verified", str(own), 0)
    assert found.reason == "Found again on this machine."
    assert recheck(found, evidence.quote).status == "verified"
    # It is known now, and not looked for again.
    assert sync(ben, TracesHere(index)) == ()


def test_the_very_file_is_known_by_its_bytes_under_any_name(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    shared(ann, ben, *quoted(put(ann)))
    own = put(ben, "renamed.jsonl")
    assert look_up(ben.store, "p1", TracesHere(given=[own.parent]))
    assert ben.store.get("p1").checks[0].source == str(own)


def test_a_session_that_went_on_has_the_quote_and_says_that_it_is_another_file(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    shared(ann, ben, *quoted(put(ann)))
    own = put(ben)
    own.write_bytes(own.read_bytes() + own.read_bytes().splitlines(keepends=True)[-1])
    assert look_up(ben.store, "p1", TracesHere(given=[own]))
    assert "another version of the file" in ben.store.get("p1").checks[0].reason


def test_without_its_trace_a_quote_stays_without_a_source(people: tuple[Person, Person]) -> None:
    ann, ben = people
    shared(ann, ben, *quoted(put(ann)))
    other = ben.folder / "other"
    other.mkdir()
    (other / session().name).write_text("no trace at all\n")
    given = [other, ben.folder / "nowhere"]
    assert not look_up(ben.store, "p1", TracesHere(ben.folder / "no-index.db", given))
    assert status(ben) == "source_missing"


def test_a_quote_the_very_file_does_not_say_is_not_supported(
    people: tuple[Person, Person],
) -> None:
    ann, ben = people
    evidence, check = quoted(put(ann))
    invented = replace(evidence, quote="what nobody ever said in this session")
    shared(ann, ben, invented, check)
    assert not look_up(ben.store, "p1", TracesHere(given=[put(ben)]))
    (found,) = ben.store.get("p1").checks
    assert found.status == "unsupported"
    assert "not in step 0" in found.reason


def test_a_quote_that_was_cleaned_is_not_called_invented(people: tuple[Person, Person]) -> None:
    ann, ben = people
    evidence, check = quoted(put(ann))
    shared(ann, ben, replace(evidence, quote=f"{evidence.quote} bob@corp.com"), check)
    assert not look_up(ben.store, "p1", TracesHere(given=[put(ben)]))
    (found,) = ben.store.get("p1").checks
    assert found.status == "source_missing"
    assert "replaced before it was shared" in found.reason
