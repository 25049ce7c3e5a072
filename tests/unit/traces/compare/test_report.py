"""A comparison as a report: everything is said, nothing of a trace becomes markup."""

from __future__ import annotations

from pathlib import Path

from markdown_it import MarkdownIt

from tests.unit.traces.claude_records import Session, call, text
from workbench.cli.main import run as run_cli
from workbench.traces.compare.document import as_html, as_markdown
from workbench.traces.compare.report import comparison_document, comparison_report
from workbench.traces.compare.runs import compare
from workbench.traces.compare.texts import with_texts
from workbench.traces.open import open_traces
from workbench.traces.prices import PriceTable

_HOSTILE = "<script>alert(1)</script> | ``` [x](http://evil.test) ~~~"


def _write(folder: Path, name: str, command: str) -> Path:
    session = Session()
    session.prompt("Do it " + _HOSTILE)
    session.says(text("Well."), call("t1", "Bash", command=command))
    session.result("t1", "````\n" + command)
    return session.write(folder, name)


def test_a_report_holds_figures_and_words_and_no_markup_of_the_trace(tmp_path: Path) -> None:
    paths = [_write(tmp_path, f"{n}.jsonl", f"echo {n} {_HOSTILE}") for n in (1, 2)]
    (left,), (right,) = (open_traces(path) for path in paths)
    with left, right:
        runs = [left.trajectory, right.trajectory]
        made = with_texts(compare(runs, PriceTable.load()), [left, right])
        report = comparison_report(made, [left, right])
        document = comparison_document(made, [left, right])
    html, markdown = as_html(report), as_markdown(report)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<mark>1</mark>" in html
    assert "default-src 'none'" in html
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
    assert "<script" not in rendered
    assert "href=" not in rendered
    assert "- command: echo 1" in markdown
    assert document["rows"][1]["steps"][0]["summary"].startswith("Bash echo 1")


def test_the_command_line_writes_a_report_and_overwrites_none(tmp_path: Path) -> None:
    paths = [str(_write(tmp_path, f"{n}.jsonl", f"echo {n}")) for n in (1, 2)]
    for name in ("report.html", "report.md"):
        target = tmp_path / "out" / name
        arguments = ["trace", "compare", *paths, "--report", str(target)]
        assert run_cli(arguments, lambda *_: 0) == 0
        before = target.read_bytes()
        assert b"echo" in before
        assert run_cli(arguments, lambda *_: 0) == 2
        assert target.read_bytes() == before
