"""Rules on the YAML block as a whole: fences, syntax, and YAML the reference validator rejects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from workbench.domain.diagnostic import Fix
from workbench.domain.skill import FrontMatter, FrontMatterEntry
from workbench.domain.text import Span, TextEdit
from workbench.skills.clients import Client
from workbench.skills.edit import apply_edits
from workbench.skills.frontmatter import BOM, parse_front_matter
from workbench.skills.rules.registry import Hit, Rule, View, replace, value_span
from workbench.skills.yaml_tree import Node, YamlProblem, parse_yaml
from workbench.skills.yaml_write import CannotWrite, write_string, write_value

_ONE_LINE: Final = re.compile(r"[^\r\n]+")


def _missing(view: View, _: Client) -> Iterator[Hit]:
    if view.readable and view.fence == "none":
        yield Hit(
            "There is no front matter. Begin the file with a line '---', the keys name and "
            "description, and another line '---'.",
            view.head,
        )


def _late(view: View, _: Client) -> Iterator[Hit]:
    if not view.readable or view.fence != "late":
        return
    start = len(BOM) if view.skill.bom else 0
    rest = view.skill.source[start:]
    span = Span(start, start + len(rest) - len(rest.lstrip()))
    yield Hit(
        "Blank lines or spaces stand before the front matter, so it is read as text. Delete them.",
        span,
        fix=replace("Delete what stands before the front matter", span, ""),
    )


def _unclosed(view: View, _: Client) -> Iterator[Hit]:
    if view.readable and view.fence == "unclosed":
        yield Hit(
            "The front matter is opened and never closed. Add a line '---' after its last key.",
            Span(*view.lines.line_span(1)),
        )


def _invalid(view: View, _: Client) -> Iterator[Hit]:
    front_matter = view.skill.front_matter
    if front_matter is None:
        return
    if front_matter.error is None:
        return
    line = front_matter.error_line or 1
    span = Span(*view.lines.line_span(min(line, len(view.lines.starts))))
    yield Hit(
        f"The front matter is not valid YAML: {front_matter.error}.",
        span,
        fix=_quote_fix(view, front_matter, line),
    )


def _quote_fix(view: View, front_matter: FrontMatter, line: int) -> Fix | None:
    """Return a fix that quotes a one-line value, where that alone makes the block valid."""
    entry = next((entry for entry in front_matter.entries if entry.line == line), None)
    if entry is None:
        return None
    text = view.written(entry.value_span)
    if not _ONE_LINE.fullmatch(text) or text[0] in "\"'|>&*!{[" or " #" in text:
        return None
    try:
        quoted = write_string(text, indent="", newline="\n", style="'", one_line=True)
    except CannotWrite:
        return None
    edit = TextEdit(entry.value_span, quoted)
    after = parse_front_matter(apply_edits(view.skill.source, [edit]))
    if after is None or after.error is not None:
        return None
    return Fix(f"Quote the value of '{entry.key}'", (edit,))


def _duplicates(view: View, _: Client) -> Iterator[Hit]:
    front_matter = view.skill.front_matter
    if front_matter is None:
        return
    for key in front_matter.duplicate_keys:
        entries = [entry for entry in front_matter.entries if entry.key == key]
        if not entries:
            top = front_matter.get(key.split(".")[0])
            yield Hit(
                f"The key '{key}' stands more than once; most readers keep the last.",
                value_span(top) if top else view.head,
            )
            continue
        same = all(repr(entry.value) == repr(entries[-1].value) for entry in entries)
        fix = None
        if same and front_matter.error is None:
            edits = tuple(TextEdit(entry.span, "") for entry in entries[:-1])
            fix = Fix(f"Keep one '{key}' (all say the same)", edits)
        others = ", ".join(str(entry.line) for entry in entries[:-1])
        yield Hit(
            f"The key '{key}' stands more than once (also in line {others}); most readers keep the "
            "last, some refuse the file.",
            entries[-1].key_span,
            fix=fix,
        )


def _dashes(view: View, _: Client) -> Iterator[Hit]:
    front_matter = view.skill.front_matter
    if front_matter is None or front_matter.error is not None:
        return
    found = view.skill.source.find(b"---", front_matter.span.start, front_matter.span.end)
    if found >= 0:
        yield Hit(
            "'---' within the front matter: the reference validator ends the front matter here and "
            "loses what follows. Write fewer dashes, or a long dash.",
            Span(found, found + 3),
        )


def _nodes(view: View) -> Iterator[tuple[FrontMatterEntry, Node]]:
    """Yield each entry with the node of its value, where it parses alone."""
    front_matter = view.skill.front_matter
    if front_matter is None or front_matter.error is not None:
        return
    for entry in front_matter.entries:
        text = view.written(entry.span)
        if not re.search(r"[\[{&*!]", text):
            continue
        try:
            root = parse_yaml(re.sub("[\ud800-\udfff]", "\ufffd", text))
        except YamlProblem:
            yield entry, Node("scalar", 0, 0, None, properties=True)  # an alias of another entry
            continue
        if root is not None and root.pairs:
            yield entry, root.pairs[0][1]


def _flow(view: View, _: Client) -> Iterator[Hit]:
    for entry, node in _nodes(view):
        if any(part.kind != "scalar" and part.style == "flow" for part in node.walk()):
            fix = _block_fix(view, entry) if node.style == "flow" else None
            yield Hit(
                f"'{entry.key}' is written in flow style ([a, b] or {{a: b}}). It is valid YAML, "
                "and the reference validator rejects the whole file for it. Write one item a line.",
                value_span(entry),
                fix=fix,
            )


def _block_fix(view: View, entry: FrontMatterEntry) -> Fix | None:
    """Return a fix to block style; none where a comment or anchor would be lost."""
    text = view.written(entry.span)
    if not entry.value or "#" in text or re.search(r"(?:^|[\s\[{,])[&*!]", text):
        return None
    newline = "\r\n" if text.endswith("\r\n") else "\r" if text.endswith("\r") else "\n"
    before = view.written(Span(entry.span.start, entry.key_span.start))
    if before.strip():
        return None
    try:
        written = write_value(entry.value, indent=before + "  ", newline=newline)
    except CannotWrite:
        return None
    if "[]" in written or "{}" in written:
        return None
    colon = view.skill.source.find(b":", entry.key_span.end, entry.value_span.start + 1) + 1
    if colon == 0 or view.skill.source[colon : entry.value_span.start].strip():
        return None
    edit = TextEdit(Span(colon, entry.value_span.end), written)
    after = parse_front_matter(apply_edits(view.skill.source, [edit]))
    again = after.get(entry.key) if after else None
    if again is None or repr(again.value) != repr(entry.value):
        return None
    return Fix(f"Write '{entry.key}' in block style", (edit,))


def _anchors(view: View, _: Client) -> Iterator[Hit]:
    for entry, node in _nodes(view):
        if any(part.properties for part in node.walk()):
            yield Hit(
                f"'{entry.key}' uses a YAML anchor, alias or tag (&, * or !). The reference "
                "validator rejects the whole file for it. Write the value out.",
                value_span(entry),
            )


RULES: Final = (
    Rule("front-matter-missing", "There is a front matter", _missing),
    Rule("front-matter-late", "Nothing stands before the front matter", _late),
    Rule("front-matter-unclosed", "The front matter is closed", _unclosed),
    Rule("yaml-invalid", "The front matter is a YAML mapping", _invalid),
    Rule("duplicate-key", "Each key stands once", _duplicates),
    Rule("dashes-in-front-matter", "No '---' within the front matter", _dashes),
    Rule("flow-style", "Lists and maps in block style", _flow),
    Rule("anchor-or-tag", "No anchors, aliases and tags", _anchors),
)
