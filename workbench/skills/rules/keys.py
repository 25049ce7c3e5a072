"""Rules on keys and on the types of their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from workbench.domain.diagnostic import Fix
from workbench.domain.skill import FrontMatterEntry
from workbench.domain.text import Span, TextEdit
from workbench.skills.clients import Client
from workbench.skills.edit import apply_edits
from workbench.skills.frontmatter import parse_front_matter
from workbench.skills.rules.registry import Hit, Rule, View, value_span
from workbench.skills.yaml_write import CannotWrite, write_string

_TRUTH: Final = frozenset(("yes", "no", "on", "off", "1", "0", "true", "false"))


def _unknown(view: View, client: Client) -> Iterator[FrontMatterEntry]:
    front_matter = view.skill.front_matter
    for entry in front_matter.entries if front_matter else ():
        if entry.key not in client.keys:
            yield entry


def _not_allowed(view: View, client: Client) -> Iterator[Hit]:
    for entry in _unknown(view, client):
        near = next((key for key in client.keys if _plain(key) == _plain(entry.key)), None)
        advice = f"Did you mean '{near}'?" if near else "Move it into metadata, or remove it."
        yield Hit(
            f"The key '{entry.key}' is not allowed; the keys are {', '.join(client.keys)}. "
            f"{advice}",
            entry.key_span,
        )


def _plain(key: str) -> str:
    return key.lower().replace("_", "-").replace(" ", "-")


def _ignored(view: View, client: Client) -> Iterator[Hit]:
    for entry in _unknown(view, client):
        yield Hit(f"{client.title} ignores the key '{entry.key}'.", entry.key_span)


def _not_boolean(view: View, client: Client) -> Iterator[Hit]:
    for key in client.booleans:
        entry = view.entry(key)
        if entry is not None and str(entry.value).lower() not in _TRUTH:
            yield Hit(f"'{key}' is true or false.", value_span(entry))


def _metadata_not_map(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("metadata")
    if entry is not None and entry.value is not None and not isinstance(entry.value, dict):
        yield Hit("metadata is a map of text to text, one key a line.", value_span(entry))


def _metadata_nested(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("metadata")
    if entry is None or not isinstance(entry.value, dict):
        return
    nested = [str(key) for key, value in entry.value.items() if isinstance(value, (list, dict))]
    if nested:
        yield Hit(
            f"metadata maps text to text; {_listed(nested)} holds a list or map. The specification "
            "does not promise that clients read it.",
            value_span(entry),
        )


def _metadata_not_text(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("metadata")
    if entry is None or not isinstance(entry.value, dict):
        return
    numbers = [
        str(key) for key, value in entry.value.items() if isinstance(value, (bool, int, float))
    ]
    if numbers:
        yield Hit(
            f"metadata maps text to text; YAML reads {_listed(numbers)} as a number or truth "
            "value, which can change it (1.10 becomes 1.1). Quote it.",
            value_span(entry),
            fix=_quote_metadata(view, entry, numbers),
        )


def _listed(keys: list[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys)


def _quote_metadata(view: View, entry: FrontMatterEntry, keys: list[str]) -> Fix | None:
    """Return a fix that quotes scalars in a block-style map; each must be found exactly once."""
    edits: list[TextEdit] = []
    source = view.skill.source
    for key in keys:
        pattern = rb"(?m)^[ \t]+%s[ \t]*:[ \t]+([^\s'\"#\[{&*!|>][^\s#]*)[ \t]*(?:#[^\r\n]*)?\r?$"
        region = source[entry.span.start : entry.span.end]
        name = re.escape(key.encode("utf-8", "surrogateescape"))
        found = list(re.finditer(pattern % name, region))
        if len(found) != 1:
            return None
        start, end = (entry.span.start + place for place in found[0].span(1))
        text = source[start:end].decode("utf-8", "surrogateescape")
        edits.append(TextEdit(Span(start, end), f'"{text}"'))
    after = parse_front_matter(apply_edits(source, edits))
    again = after.get("metadata") if after else None
    if again is None or not isinstance(again.value, dict) or not isinstance(entry.value, dict):
        return None
    kept = all(again.value.get(k) == v for k, v in entry.value.items() if str(k) not in keys)
    if not kept or not all(isinstance(again.value.get(key), str) for key in keys):
        return None
    return Fix(f"Quote {_listed(keys)}", tuple(edits))


def _tools_list(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("allowed-tools")
    if entry is None or not isinstance(entry.value, (list, dict)):
        return
    yield Hit(
        "allowed-tools is one text with spaces between the tools; lists are read by some clients "
        "only.",
        value_span(entry),
        fix=_tools_fix(view, entry, entry.value if isinstance(entry.value, list) else []),
    )


def _tools_commas(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("allowed-tools")
    if entry is None or not isinstance(entry.value, str) or "," not in entry.value:
        return
    outside = re.sub(r"\([^()]*\)", "", entry.value)
    if "," in outside:
        parts = [part.strip() for part in entry.value.split(",")]
        yield Hit(
            "allowed-tools is separated by commas; the specification wants spaces.",
            value_span(entry),
            fix=_tools_fix(view, entry, parts),
        )


def _tools_fix(view: View, entry: FrontMatterEntry, tools: Sequence[object]) -> Fix | None:
    """Return a fix to one line; none where a tool holds a space or comma, or a comment is there."""
    if not tools or "#" in view.written(entry.span):
        return None
    names = [tool for tool in tools if isinstance(tool, str) and re.fullmatch(r"[^\s,]+", tool)]
    if len(names) != len(tools):
        return None
    try:
        text = write_string(" ".join(names), indent="", newline="\n", one_line=True)
    except CannotWrite:
        return None
    source = view.skill.source
    colon = source.find(b":", entry.key_span.end, entry.value_span.start + 1) + 1
    if colon == 0 or source[colon : entry.value_span.start].strip():
        return None
    edit = TextEdit(Span(colon, entry.value_span.end), f" {text}")
    after = parse_front_matter(apply_edits(source, [edit]))
    again = after.get("allowed-tools") if after else None
    if again is None or again.value != " ".join(names):
        return None
    return Fix("Write the tools in one line with spaces", (edit,))


RULES: Final = (
    Rule("key-not-allowed", "Only keys the client allows", _not_allowed),
    Rule("key-ignored", "Only keys the client reads", _ignored),
    Rule("key-not-boolean", "Truth values where they are wanted", _not_boolean),
    Rule("metadata-not-map", "metadata is a map", _metadata_not_map),
    Rule("metadata-nested", "metadata holds no lists and maps", _metadata_nested),
    Rule("metadata-not-text", "metadata holds text", _metadata_not_text),
    Rule("allowed-tools-list", "allowed-tools is text", _tools_list),
    Rule("allowed-tools-commas", "allowed-tools is separated by spaces", _tools_commas),
)
