"""A trace as a page: all that was said, and nothing of it ever runs, loads or leads away."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tracemalloc
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.unit.traces.opening import lines, opened
from tests.unit.traces.test_export_jsonl import HEADER, call, step
from workbench.traces.export_html import export_html, html_parts
from workbench.traces.html.escaping import escaped
from workbench.traces.html.page import page_end, page_start

_VOID = {"meta", "br", "hr", "input"}
_TAGS = {
    *("html", "head", "title", "style", "body", "script", "article", "header", "section", "div"),
    *("details", "summary", "pre", "code", "span", "b", "small", "p", "a", "label", "button"),
    *("table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "em", "strong", "s"),
    *("blockquote", "h1", "h2", "h3", "h4", "h5", "h6", *_VOID),
}
_ATTRIBUTES = {
    *("charset", "http-equiv", "content", "name", "lang", "class", "id", "href", "title", "open"),
    *("type", "checked", "hidden", "data-name", "data-when", "data-open", "start", "style"),
}


class Page(HTMLParser):
    """A page taken apart as a browser does; marks what no page of ours may have."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.scripts: list[str] = []
        self.wrong: list[object] = []
        self.words = ""
        self.policy = ""
        self.counts: dict[str, int] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag not in _TAGS:
            self.wrong.append(tag)
        for name, value in attrs:
            if name not in _ATTRIBUTES or (name == "style" and not _aligned(value)):
                self.wrong.append((tag, name, value))
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")
            if name == "content" and "default-src" in (value or ""):
                self.policy = value or ""
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(("closes", tag))

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style"):
            self.scripts.append(data)
        else:
            self.words += data


def _aligned(value: str | None) -> bool:
    """Whether a style is that of a column of a Markdown table."""
    return re.fullmatch(r"text-align:(left|right|center)", value or "") is not None


def page_of(folder: Path, *records: dict[str, Any], most: int = 20_000) -> Page:
    with opened(folder, lines(*records)) as trace:
        out = folder / "page.html"
        assert export_html(trace, out, most=most)
    return checked(out.read_text())


def checked(text: str) -> Page:
    page = Page(text)
    assert page.wrong == []
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert all(link[:1] == "#" and link[1:] in page.ids for link in page.links)
    return page


def test_all_that_was_said_is_on_the_page(tmp_path: Path) -> None:
    event = {"skill": "pdf", "kind": "loaded", "trigger": "slash", "confidence": "strong"}
    page = page_of(
        tmp_path,
        {**HEADER, "title": "A run", "outcome": "fail", "reward": 0.5, "outcome_reason": "late"},
        step(0, text="# Task\n\nDo **it**.", skill_events=[event]),
        step(
            1,
            "agent",
            "Done.",
            reasoning="I think.",
            metrics={"input": 1234, "output": 2, "cost_usd": 0.25},
            calls=[call(status="error", exit_code=3, duration_s=1.5)],
            media=["image/png: 99 characters kept in the trace"],
        ),
        step(2, "context", "Summary", label="compaction"),
        {"odd": True},
    )
    for words in (
        *("A run", "Task", "it", "I think.", "Done.", "shell", "a\nb", "exit 3", "1.5 s", "error"),
        *("skill pdf: loaded (slash, strong)", "1,234 in", "$0.250", "compaction", "image/png"),
        *("fail, reward 0.5, late", "1 × a line of another shape", "goose", '{"odd": true}'),
    ):
        assert words in page.words, words
    assert {"t0-s0", "t0-s1", "t0-s2", "t0-s3"} <= set(page.ids)


def test_subagents_are_nested_where_they_were_called(tmp_path: Path) -> None:
    child = {**HEADER, "id": "kid", "title": "Kid", "depth": 1}
    lost = {**HEADER, "id": "lost", "title": "Lost kid", "depth": 1}
    page = page_of(
        tmp_path,
        HEADER,
        step(0, "agent", "ask", calls=[call("task", sub="kid")]),
        step(1, "agent", "after"),
        child,
        step(0, text="in the kid"),
        lost,
        step(0, text="in the lost"),
    )
    at = [page.words.index(words) for words in ("in the kid", "after", "in the lost")]
    assert at == sorted(at)
    assert {"t1-s0", "t2-s0"} <= set(page.ids)


HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    '[x](http://a.example/" onclick="alert(1))',
    "![x](http://a.example/pixel.png)",
    "![x][p]\n\n[p]: http://a.example/pixel.png",
    "<http://a.example/'onclick=alert(1)>",
    '```x" onclick="alert(1)\n<b>code</b>\n```',
    "<iframe src='http://a.example'></iframe>",
    "<meta http-equiv=refresh content='0;url=http://a.example'>",
    "<!-- --><base href='http://a.example/'>",
    "<style>@import 'http://a.example'</style>",
    "| a |\n|:-:|\n| <img src=x> |",
    "\x1b[31m<script>alert(1)</script>\x1b[0m\x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07",
    "--- a\n+++ b\n@@ -1 +1 @@\n-<script>alert(1)</script>\n+<img src=x onerror=1>",
    '{"x": "</pre><script>alert(1)</script>"}',
    "&lt;script&gt; &#60;script&#62;",
    "\ufeff<ſcript>alert(1)</ſcript>\x00<\x00script>",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_of_a_trace_becomes_markup(text: str, tmp_path: Path) -> None:
    odd = call(text, argument=text, arguments=json.dumps({"command": text, text: text}), sub=text,
               observation=text, id=text, media=[text])  # fmt: skip
    edit = call("Edit", arguments=json.dumps({"old_string": text, "new_string": text + "x"}))
    page = page_of(
        tmp_path,
        {**HEADER, "id": text, "title": text, "agent": text, "cwd": text, "outcome_reason": text},
        *(
            step(i, kind, text, reasoning=text, label=text, notes=[text], media=[text], uid=text,
                 time=text, model=text, flags=[text], preview=text, calls=[odd, edit],
                 skill_events=[{"skill": text, "kind": "loaded", "detail": text, "path": text}])
            for i, kind in enumerate(("user", "agent", "system", "event"))
        ),
    )  # fmt: skip
    assert page.counts["script"] == page.counts["style"] == 1


def test_only_the_pages_own_script_and_style_may_work() -> None:
    page = Page(page_start("x") + page_end())
    style, script = page.scripts
    for kind, text in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in page.policy
    assert page.policy.startswith("default-src 'none';")
    assert "unsafe" not in page.policy
    assert "http" not in page_start("x").replace("http-equiv", "") + page_end()


def test_what_cannot_be_seen_is_named() -> None:
    assert (
        escaped("a\u202eb\u2066c\x1b[1m\x07\r\nd\te")
        == "a⟦U+202E⟧b⟦U+2066⟧c⟦U+001B⟧[1m⟦U+0007⟧\nd\te"
    )
    assert escaped("\ud800") == "\ufffd"


def test_colours_of_a_terminal_are_kept(tmp_path: Path) -> None:
    seen = "\x1b[1;31mbad\x1b[0m \x1b[38;5;9mx\x1b[2K"
    with opened(tmp_path, lines(HEADER, step(0, "agent", calls=[call(observation=seen)]))) as trace:
        text = "".join(html_parts(trace))
    assert '<span class="b c1">bad</span> x</pre>' in text


def test_an_edit_is_shown_as_its_difference(tmp_path: Path) -> None:
    arguments = json.dumps({"file_path": "a.py", "old_string": "one\ntwo", "new_string": "one\n2"})
    with opened(tmp_path, lines(HEADER, step(0, "agent", calls=[call(arguments=arguments)]))) as t:
        text = "".join(html_parts(t))
    assert '<span class="del">-two</span>\n<span class="add">+2</span>' in text
    assert "a.py" in text


def test_what_is_cut_is_counted(tmp_path: Path) -> None:
    page = page_of(tmp_path, HEADER, step(0, "event", "x" * 5000), most=1000)
    assert "⟦… 4,000 of 5,000 characters left out …⟧" in page.words
    assert page.words.count("x" * 250) < 5


def test_memory_does_not_grow_with_the_trace(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("w") as file:
        file.write(json.dumps(HEADER) + "\n")
        for number in range(300):
            file.write(json.dumps(step(number, "event", "line of output\n" * 5000)) + "\n")
    with opened(tmp_path, path.read_bytes()) as trace:
        tracemalloc.start()
        try:
            assert export_html(trace, tmp_path / "page.html")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert (tmp_path / "page.html").stat().st_size > 300 * 20_000
    assert peak < 4 << 20


def test_an_export_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    with opened(tmp_path, lines(HEADER, step(0), step(1))) as trace:
        done: list[float] = []
        out = tmp_path / "page.html"
        assert not export_html(trace, out, progress=done.append, stopped=lambda: bool(done))
    assert [file.name for file in tmp_path.iterdir()] == ["trace"]


@pytest.mark.corpus
def test_every_sample_is_a_sound_page(corpus: Path) -> None:
    from workbench.traces.importer import TraceError
    from workbench.traces.open import open_traces, trace_files

    count = 0
    for path in trace_files(corpus / "traces"):
        try:
            traces = open_traces(path)
        except TraceError:
            continue  # a record without a step
        for trace in traces:
            with trace:
                checked("".join(html_parts(trace)))
                count += 1
    assert count > 300
