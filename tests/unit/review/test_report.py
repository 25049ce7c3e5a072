"""Reports of a review: every text in them stays a text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.unit.review.build import NOW, SKILL, Bench, edited, make_library
from workbench.domain.proposal import Evidence, EvidenceCheck, Gate, HunkVerdict
from workbench.domain.task import PairedRow, PairedTable
from workbench.review.decide import decide, record
from workbench.review.report.content import ReviewReport, report_of
from workbench.review.report.html import html_report
from workbench.review.report.markdown import markdown_report

TEXT = SKILL.decode()
GATE = Gate(
    "promising", "weighted", (), 1, 0, 2, 0.5, 0.0, "test",
    PairedTable((PairedRow("mend|ed", (0.0,), (1.0,), split="test"),)), runner="loop 1",
)  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    text = TEXT.replace("First", "Very first").replace("Last", "Very last")
    change = edited("demo/SKILL.md", text, evidence=("e1", "e2"), rationale="It was seen.")
    found = Bench(
        tmp_path,
        library,
        [change],
        evidence=[
            Evidence("e1", "run.jsonl#1", 3, 4, "it failed here"),
            Evidence("e2", "run.jsonl#1", 5, 5, "never said"),
        ],
        checks=[EvidenceCheck("e1", "verified"), EvidenceCheck("e2", "unsupported")],
    )
    found.store.update(msgspec.structs.replace(found.store.get(found.id), gate=GATE))
    return found


def decided(bench: Bench) -> ReviewReport:
    review = bench.review
    first, second = review.hunks
    verdicts = [
        HunkVerdict(first.id, "accept", edited=("The very, very first line.\n",)),
        HunkVerdict(second.id, "reject", "too_specific", "Only once."),
    ]
    record(review, decide(review, verdicts, reviewer="Ann <ann@example.invalid>", now=NOW))
    return report_of(bench.review)


def test_a_report_says_who_decided_what_and_why(bench: Bench) -> None:
    report = decided(bench)
    assert report.counts == "1 of 2 hunks accepted"
    accepted, rejected = report.hunks
    assert (accepted.verdict, accepted.edited) == ("accepted", True)
    assert accepted.lines[-1] == "+The very, very first line."
    assert (rejected.reason, rejected.comment) == ("too specific", "Only once.")
    assert [(one.steps, one.status) for one in accepted.evidence] == [
        ("3–4", "verified"),
        ("5", "unsupported"),
    ]


def test_markdown_has_the_diff_the_evidence_and_the_tasks(bench: Bench) -> None:
    text = markdown_report(decided(bench))
    assert text.startswith("# Say it better\n")
    assert "partly accepted" in text
    assert "1 repaired and 0 broken of 2 held-out tasks (test)" in text
    assert "```diff\n-First line.\n+The very, very first line.\n```" in text
    assert "> it failed here" in text
    assert "mend\\|ed" in text
    assert "ann\\@" not in text


def test_a_page_strikes_out_what_no_trace_says(bench: Bench) -> None:
    page = html_report(decided(bench))
    assert "<s>never said</s>" in page
    assert "<s>it failed here</s>" not in page
    assert '<td class="good">1</td>' in page


def test_before_a_decision_a_report_says_so(bench: Bench) -> None:
    report = report_of(bench.review)
    assert (report.status, report.reviewer) == ("nobody decided yet", "")
    assert {hunk.verdict for hunk in report.hunks} == {"open"}
    assert "Reviewed by" not in markdown_report(report)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[x](javascript:alert(1)) ![y](https://example.invalid/a.png)",
    "```\n# heading\n~~~",
    "@everyone closes #12 | a | b",
    "\u202eevil\x00\x1b[31m",
    "</pre></blockquote></style>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_texts_in_both(bench: Bench, text: str) -> None:
    report = msgspec.structs.replace(
        decided(bench),
        title=text,
        rationale=text,
        warnings=(text,),
        checks=(text,),
        hunks=tuple(
            msgspec.structs.replace(
                hunk,
                comment=text,
                header=text,
                lines=tuple(f"+{line}" for line in text.splitlines()),
                evidence=tuple(msgspec.structs.replace(one, quote=text) for one in hunk.evidence),
            )
            for hunk in report_of(bench.review).hunks
        ),
    )
    tags = Tags()
    tags.feed(html_report(report))
    assert not tags.seen & {"script", "img", "a", "iframe", "link", "object"}
    assert tags.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class"}
    kinds = {
        token.type
        for block in MarkdownIt("commonmark").parse(markdown_report(report))
        for token in (block, *(block.children or ()))
    }
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}


@given(st.text(max_size=60))
def test_any_text_makes_one_page(tmp_path_factory, text: str) -> None:
    folder = tmp_path_factory.mktemp("r")
    library = make_library(folder / "lib", {"demo/SKILL.md": SKILL}, repository=False)
    bench = Bench(folder, library, [edited("demo/SKILL.md", TEXT.replace("First", "1st"))])
    report = msgspec.structs.replace(report_of(bench.review), title=text, rationale=text)
    tags = Tags()
    tags.feed(html_report(report))
    assert "script" not in tags.seen
    markdown_report(report).encode("utf-8", "replace")


def test_nothing_hidden_in_a_proposal_is_hidden_in_its_report(tmp_path: Path) -> None:
    text = TEXT.replace("First line.", "First \N{RIGHT-TO-LEFT OVERRIDE}enil\x1b[31m.\r")
    library = make_library(tmp_path / "lib", {"demo/SKILL.md": SKILL})
    bench = Bench(tmp_path, library, [edited("demo/SKILL.md", text)])
    proposal = bench.store.get(bench.id)
    draft = msgspec.structs.replace(proposal.draft, title="Fine \N{RIGHT-TO-LEFT ISOLATE}title")
    bench.store.update(msgspec.structs.replace(proposal, draft=draft))
    report = report_of(bench.review)
    for made in (markdown_report(report), html_report(report)):
        assert "[U+2067]title" in made.replace("\\", "")
        assert "[U+202E]enil[U+001B][31m.\N{SYMBOL FOR CARRIAGE RETURN}" in made
        assert not {"\N{RIGHT-TO-LEFT OVERRIDE}", "\N{RIGHT-TO-LEFT ISOLATE}", "\x1b"} & set(made)
