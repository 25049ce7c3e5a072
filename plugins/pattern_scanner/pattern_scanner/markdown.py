"""Markdown taken apart into passages and code blocks, each with the role it plays.

Not a renderer: only what a role needs is parsed (front matter, headings, fences, lists, tables,
comments), line by line and in one pass, so that no input takes more than linear time.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

from pattern_scanner import limits
from pattern_scanner.characters import fold
from pattern_scanner.model import CodeBlock, Medium, Passage, Role, TextFile
from pattern_scanner.polarity import (
    bad_comment,
    bad_heading,
    bad_lead,
    caution_heading,
    good_comment,
)

_FENCE = re.compile(r"^[ \t>]{0,40}(`{3,20}|~{3,20})[ \t]*([\w+#.-]{0,30})")
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.{0,400})")
_ITEM = re.compile(r"^[ \t>]{0,40}(?:[-*+]|\d{1,4}[.)]|step \d+[:.)])[ \t]+", re.I)
_SENTENCE_END = re.compile(r"(?<=[.!?])[ \t]+(?=[^a-z])|(?<=[。！？])")
_EMPHASIS = re.compile(r"\*{1,3}|(?<!\w)_{1,3}|_{1,3}(?!\w)|`+")
_LINK_COMMENT = re.compile(r"^\[[^\]\n]{0,40}\]:[ \t]*(?:#|<>)[ \t]*[(\"'](.{1,900})[)\"']?[ \t]*$")
_INVISIBLE_HTML = re.compile(
    r"<(\w{1,12})[^>\n]{0,200}?(?:display:\s*none|visibility:\s*hidden|font-size:\s*0|"
    r"color:\s*(?:white|#fff(?:fff)?|transparent)|opacity:\s*0|\bhidden\b)[^>\n]{0,200}>", re.I
)  # fmt: skip
_CODE_CHAR = re.compile(r"[\s>]+")


@dataclass(slots=True)
class Document:
    """A text taken apart. ``sections`` are the folded headings, by number."""

    passages: list[Passage] = field(default_factory=list)
    blocks: list[CodeBlock] = field(default_factory=list)
    sections: list[str] = field(default_factory=lambda: [""])
    front_matter: str = ""
    cut: bool = False


class _Reader:
    def __init__(self, file: TextFile) -> None:
        self.file = file
        self.document = Document()
        self.paragraph: list[tuple[int, str]] = []
        self.section = 0
        self.section_role = file.role
        self.heading_roles: list[tuple[int, Role]] = []
        self.strict = False
        self.lead = ""
        self.lead_line = -100
        self.list_lead = ""
        self.in_list = False

    def role(self, *, listed: bool) -> Role:
        if listed and (bad_lead(self.list_lead) or self.strict):
            return Role.WARNING
        return self.section_role

    def flush(self, medium: Medium = "prose", hidden: str = "") -> None:
        if not self.paragraph:
            return
        lines, self.paragraph = self.paragraph, []
        joined = " ".join(text.strip() for _, text in lines)
        listed = bool(_ITEM.match(lines[0][1]))
        if listed and not self.in_list:
            self.list_lead = self.lead if self.lead.endswith(":") else ""
        self.in_list = listed
        role = self.section_role if hidden else self.role(listed=listed)
        self.document.passages.extend(
            _sentences(self.file.path, lines, role, medium, self.section, hidden=hidden)
        )
        text = fold(_EMPHASIS.sub("", joined[-300:]))[0].strip()
        if not listed or text.endswith(":"):
            self.lead, self.lead_line = text, lines[-1][0]

    def open_section(self, number: int, level: int, title: str) -> None:
        self.flush()
        folded = fold(_EMPHASIS.sub("", title))[0].strip()
        self.document.sections.append(folded)
        self.section = len(self.document.sections) - 1
        self.in_list, self.lead, self.list_lead = False, "", ""
        own = Role.INSTRUCTION
        if bad_heading(folded):
            own = Role.WARNING
        elif caution_heading(folded):
            own = Role.CAUTION
        self.heading_roles = [item for item in self.heading_roles if item[0] < level]
        self.heading_roles.append((level, own))
        lowest = min((role for depth, role in self.heading_roles if depth > 1), default=own)
        self.strict = lowest == Role.WARNING
        self.section_role = min(self.file.role, max(lowest, Role.CAUTION))
        self.document.passages.extend(
            _sentences(
                self.file.path, [(number, title)], self.section_role, "heading", self.section
            )
        )

    def code(self, start: int, language: str, lines: list[str]) -> None:
        near = start - self.lead_line <= 3
        role = self.section_role
        if (near and bad_lead(self.lead)) or self.strict:
            role = Role.WARNING
        for first, part, bad in _split_examples(lines):
            self.document.blocks.append(
                CodeBlock(
                    self.file.path, start + first, language.lower(), "\n".join(part),
                    Role.WARNING if bad else role,
                )
            )  # fmt: skip


def read_document(file: TextFile) -> Document:
    """Take a Markdown or plain text apart."""
    reader = _Reader(file)
    lines = file.text.split("\n")
    index = _front_matter(lines, reader)
    while index < len(lines):
        if len(reader.document.passages) > limits.MAX_PASSAGES:
            reader.document.cut = True
            break
        line = lines[index][: limits.MAX_LINE]
        fence = _FENCE.match(line)
        if fence:
            reader.flush()
            index = _take_fence(reader, lines, index, fence)
            continue
        if "<!--" in line:
            reader.flush()
            index = _take_comment(reader, lines, index)
            continue
        _take_line(reader, index + 1, line, lines[index])
        index += 1
    reader.flush()
    return reader.document


def _take_line(reader: _Reader, number: int, line: str, whole: str) -> None:
    heading = _HEADING.match(line)
    link = _LINK_COMMENT.match(line)
    if heading:
        reader.open_section(number, len(heading.group(1)), heading.group(2))
    elif not line.strip():
        reader.flush()
    elif link:
        reader.flush()
        reader.paragraph = [(number, link.group(1))]
        reader.flush("comment", "a Markdown comment")
    elif line.lstrip().startswith("|"):
        reader.flush()
        reader.document.passages.extend(
            _sentences(
                reader.file.path, [(number, line)], reader.role(listed=True), "table",
                reader.section,
            )
        )  # fmt: skip
    elif _INVISIBLE_HTML.search(line):
        reader.flush()
        reader.paragraph = [(number, re.sub(r"<[^>\n]{0,300}>", " ", line))]
        reader.flush("comment", "text styled to be invisible")
    else:
        if _ITEM.match(line) or len(reader.paragraph) > 60:
            reader.flush()
        for window in _windows(whole):
            reader.paragraph.append((number, window))


def _windows(line: str) -> Iterator[str]:
    if len(line) <= limits.MAX_LINE:
        yield line
        return
    for count, start in enumerate(range(0, len(line), limits.MAX_LINE - 100)):
        if count >= limits.MAX_WINDOWS:
            yield line[-limits.MAX_LINE :]
            return
        yield line[start : start + limits.MAX_LINE]


def _front_matter(lines: list[str], reader: _Reader) -> int:
    if lines[0].strip() != "---":
        return 0
    end = next((i for i in range(1, min(len(lines), 4000)) if lines[i].strip() == "---"), 0)
    if not end:
        return 0
    reader.document.front_matter = "\n".join(lines[1:end])
    for number in range(1, end):
        if lines[number].strip().startswith("#"):
            reader.paragraph = [(number + 1, lines[number].strip("# "))]
            reader.flush("comment", "a comment in the front matter")
        elif lines[number].strip():
            reader.paragraph = [(number + 1, lines[number][: limits.MAX_LINE])]
            reader.flush("meta")
    reader.lead = ""
    return end + 1


def _take_fence(reader: _Reader, lines: list[str], index: int, fence: re.Match[str]) -> int:
    mark = fence.group(1)
    body: list[str] = []
    end = index + 1
    while end < len(lines):
        stripped = _CODE_CHAR.sub("", lines[end][:60])
        if stripped.startswith(mark) and not stripped.strip(mark[0]):
            break
        body.append(lines[end])
        end += 1
    reader.code(index + 2, fence.group(2), body)
    return end + 1


def _take_comment(reader: _Reader, lines: list[str], index: int) -> int:
    before, _, rest = lines[index].partition("<!--")
    if before.strip():
        reader.paragraph.append((index + 1, before))
        reader.flush()
    body: list[tuple[int, str]] = []
    end = index
    while True:
        inside, closed, after = rest.partition("-->")
        body.append((end + 1, inside[: limits.MAX_LINE]))
        if closed or end + 1 >= len(lines):
            break
        end += 1
        rest = lines[end]
    while body:
        reader.paragraph, body = body[:40], body[40:]
        reader.flush("comment", "an HTML comment")
    if closed and after.strip():
        lines[end] = after
        return end
    return end + 1


def _split_examples(lines: list[str]) -> Iterator[tuple[int, list[str], bool]]:
    """Split a code block where a comment says that a bad example begins or ends."""
    start, bad = 0, False
    for index, line in enumerate(lines):
        if bad_comment(line[:200]) != bad and (bad_comment(line[:200]) or good_comment(line[:200])):
            if index > start:
                yield start, lines[start:index], bad
            start, bad = index, not bad
    yield start, lines[start:], bad


def _sentences(
    path: str,
    lines: list[tuple[int, str]],
    role: Role,
    medium: Medium,
    section: int,
    *,
    hidden: str = "",
) -> Iterator[Passage]:
    starts: list[int] = []
    parts: list[str] = []
    length = 0
    for _, text in lines:
        starts.append(length)
        piece = " ".join(text.split())
        parts.append(piece)
        length += len(piece) + 1
    joined = " ".join(parts)
    offset = 0
    for sentence in _SENTENCE_END.split(joined):
        begin = joined.find(sentence, offset) if sentence else offset
        offset = begin + len(sentence)
        if len(sentence.strip()) < 4:
            continue
        first = lines[max(0, bisect_right(starts, begin) - 1)][0]
        last = lines[max(0, bisect_right(starts, offset - 1) - 1)][0]
        for start in range(0, len(sentence), limits.MAX_SENTENCE):
            piece = sentence[start : start + limits.MAX_SENTENCE + 80]
            folded, tricks = fold(_EMPHASIS.sub("", piece))
            yield Passage(
                path, first, last, piece, folded, role, medium, section, hidden, tricks
            )  # fmt: skip
