"""A report as plain values, written as Markdown or as one self-contained HTML file."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from workbench.traces.compare.sides import SideLine, SidePart, Span

_STYLE: Final = """
:root{color-scheme:light dark;--line:#c9ced8;--quiet:#59616f;--gone:#fbe4e4;--gone2:#f3b5b5;
--came:#e0f4e6;--came2:#a9dcb9}
@media (prefers-color-scheme:dark){:root{--line:#454c59;--quiet:#a6aebb;--gone:#3a2325;
--gone2:#6b3035;--came:#1c3226;--came2:#2a5a3d}}
body{font:15px/1.5 system-ui,sans-serif;max-width:78rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top;
overflow-wrap:anywhere}
th{color:var(--quiet);font-weight:600}
.sides{table-layout:fixed;font:13px/1.45 ui-monospace,monospace}
.sides td{border:0;padding:0 .5rem;white-space:pre-wrap}.sides td.n{width:3.2rem;color:var(--quiet);
text-align:right;user-select:none}.sides .n{width:3.2rem}
.gone{background:var(--gone)}.came{background:var(--came)}.gone mark{background:var(--gone2);
color:inherit}.came mark{background:var(--came2);color:inherit}.fold{color:var(--quiet)}
"""
_AROUND: Final = 3
#: Lines of one part that a report shows.
_MOST: Final = 400


class Heading(Struct, frozen=True, tag=True):
    """A heading of the second level, or below it."""

    text: str
    level: int = 2


class Words(Struct, frozen=True, tag=True):
    """A paragraph."""

    text: str


class Items(Struct, frozen=True, tag=True):
    """A list."""

    texts: tuple[str, ...]


class Table(Struct, frozen=True, tag=True):
    """A table with a head."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Sides(Struct, frozen=True, tag=True):
    """A text of both sides with its differences."""

    names: tuple[str, str]
    part: SidePart


Block = Heading | Words | Items | Table | Sides


class Report(Struct, frozen=True):
    """What a report holds, from top to bottom."""

    title: str
    blocks: tuple[Block, ...]


def as_markdown(report: Report) -> str:
    """Return the report as CommonMark with tables; nothing in it is read as markup."""
    lines = [f"# {_mark(report.title)}", ""]
    for block in report.blocks:
        lines += [*_markdown(block), ""]
    return "\n".join(lines)


def as_html(report: Report) -> str:
    """Return the report as one HTML file that loads nothing and runs nothing."""
    body = "\n".join(part for block in report.blocks for part in _html(block))
    title = html.escape(report.title)
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def _markdown(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"{'#' * block.level} {_mark(block.text)}"
    elif isinstance(block, Words):
        yield _mark(block.text)
    elif isinstance(block, Items):
        yield from (f"- {_mark(text)}" for text in block.texts)
    elif isinstance(block, Table):
        yield f"| {' | '.join(map(_mark, block.head))} |"
        yield f"|{' --- |' * len(block.head)}"
        yield from (f"| {' | '.join(map(_mark, cells))} |" for cells in block.rows)
    else:
        yield from _fenced(block)


def _fenced(block: Sides) -> Iterator[str]:
    lines = [f"--- {block.names[0]}", f"+++ {block.names[1]}"]
    for line in _near(block.part):
        if isinstance(line, int):
            lines.append(f"… {line:,} equal lines")
        elif line.state == "same":
            lines.append(f"  {line.left_text}")
        else:
            lines += [f"- {line.left_text}"] if line.left is not None else []
            lines += [f"+ {line.right_text}"] if line.right is not None else []
    longest = max((len(run) for text in lines for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"**{_mark(block.part.title)}**"
    yield ""
    yield f"{fence}diff"
    yield from lines
    yield fence


def _html(block: Block) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"<h{block.level}>{html.escape(block.text)}</h{block.level}>"
    elif isinstance(block, Words):
        yield f"<p>{html.escape(block.text)}</p>"
    elif isinstance(block, Items):
        yield f"<ul>{''.join(f'<li>{html.escape(text)}</li>' for text in block.texts)}</ul>"
    elif isinstance(block, Table):
        head = "".join(f"<th scope='col'>{html.escape(one)}</th>" for one in block.head)
        yield f"<table><thead><tr>{head}</tr></thead><tbody>"
        for cells in block.rows:
            yield f"<tr>{''.join(f'<td>{html.escape(one)}</td>' for one in cells)}</tr>"
        yield "</tbody></table>"
    else:
        yield from _html_sides(block)


def _html_sides(block: Sides) -> Iterator[str]:
    names = "".join(
        f"<th class='n' scope='col'></th><th scope='col'>{html.escape(one)}</th>"
        for one in block.names
    )
    yield f"<h4>{html.escape(block.part.title)}</h4>"
    yield f"<table class='sides'><thead><tr>{names}</tr></thead><tbody>"
    for line in _near(block.part):
        if isinstance(line, int):
            yield f"<tr><td class='fold' colspan='4'>… {line:,} equal lines</td></tr>"
            continue
        differs = line.state != "same"
        gone = "gone" if differs and line.left is not None else ""
        came = "came" if differs and line.right is not None else ""
        yield (
            f"<tr>{_cell(line.left, line.left_text, line.left_words, gone)}"
            f"{_cell(line.right, line.right_text, line.right_words, came)}</tr>"
        )
    yield "</tbody></table>"


def _cell(number: int | None, text: str, words: tuple[Span, ...], ground: str) -> str:
    shown, at = [], 0
    for start, end in words:
        shown.append(f"{html.escape(text[at:start])}<mark>{html.escape(text[start:end])}</mark>")
        at = end
    shown.append(html.escape(text[at:]))
    place = "" if number is None else str(number)
    return f"<td class='n {ground}'>{place}</td><td class='{ground}'>{''.join(shown)}</td>"


def _near(part: SidePart) -> Iterator[SideLine | int]:
    """Yield the lines that differ and a few beside them; a number counts equal ones left out."""
    differing = [at for at, line in enumerate(part.lines) if line.state != "same"]
    near = {at + by for at in differing for by in range(-_AROUND, _AROUND + 1)}
    skipped = told = 0
    for at, line in enumerate(part.lines):
        if at not in near:
            skipped += 1
            continue
        if skipped:
            yield skipped
            skipped = 0
        told += 1
        if told > _MOST:
            break
        yield line
    if skipped:
        yield skipped


def _mark(text: str) -> str:
    plain = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", plain)
