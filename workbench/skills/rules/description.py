"""Rules on description, compatibility and licence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workbench.skills.clients import Client
from workbench.skills.frontmatter import text_value
from workbench.skills.rules.registry import Hit, Rule, View, value_span


def _text(view: View, key: str) -> str:
    return text_value(view.entry(key), view.skill.source)


def _missing(view: View, _: Client) -> Iterator[Hit]:
    if view.skill.front_matter is None:
        return
    entry = view.entry("description")
    if entry is None:
        yield Hit(
            "The description is missing: say what the skill does and when to use it.", view.head
        )
    elif not isinstance(entry.value, (list, dict)) and not _text(view, "description").strip():
        yield Hit(
            "The description is empty: say what the skill does and when to use it.", entry.key_span
        )


def _not_text(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("description")
    if entry is not None and entry.value is not None and not isinstance(entry.value, str):
        yield Hit("The description must be text. Quote it, or write one.", value_span(entry))


def _too_long(view: View, client: Client) -> Iterator[Hit]:
    entry = view.entry("description")
    limit = client.limits.get("description")
    text = _text(view, "description")
    length = len(" ".join(text.split())) if client.collapse else len(text)
    if entry is not None and limit is not None and length > limit:
        yield Hit(
            f"The description has {length:,} characters; at most {limit:,} are allowed.",
            value_span(entry),
        )


def _angle_brackets(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("description")
    text = _text(view, "description")
    if entry is not None and ("<" in text or ">" in text):
        yield Hit(
            "The description holds '<' or '>', which packaging and upload refuse. Write it in "
            "other words.",
            value_span(entry),
        )


def _listing(view: View, client: Client) -> Iterator[Hit]:
    limit = client.limits.get("listing")
    entry = view.entry("description")
    if limit is None or entry is None:
        return
    length = len(_text(view, "description")) + len(_text(view, "when_to_use"))
    if length > limit:
        yield Hit(
            f"description and when_to_use have {length:,} characters together; {client.title} "
            f"cuts its listing at {limit:,}, so the end is never seen.",
            value_span(entry),
        )


def _compatibility_not_text(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("compatibility")
    if entry is not None and isinstance(entry.value, (list, dict, bool, int, float)):
        yield Hit("compatibility must be text.", value_span(entry))


def _compatibility_empty(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("compatibility")
    if entry is not None and (entry.value is None or entry.value == ""):
        yield Hit(
            "compatibility is empty; it has 1 to 500 characters, or is left out.", entry.key_span
        )


def _compatibility_too_long(view: View, client: Client) -> Iterator[Hit]:
    entry = view.entry("compatibility")
    limit = client.limits.get("compatibility")
    length = len(_text(view, "compatibility"))
    if entry is not None and limit is not None and length > limit:
        yield Hit(
            f"compatibility has {length} characters; at most {limit} are allowed.",
            value_span(entry),
        )


def _license_not_text(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("license")
    if entry is not None and isinstance(entry.value, (list, dict)):
        yield Hit(
            "license is short text: the licence's name or the name of a bundled file.",
            value_span(entry),
        )


RULES: Final = (
    Rule("description-missing", "There is a description", _missing),
    Rule("description-not-text", "The description is text", _not_text),
    Rule("description-too-long", "The description is short enough", _too_long),
    Rule("description-angle-brackets", "No < and > in the description", _angle_brackets),
    Rule("listing-cut", "The listing shows the whole description", _listing),
    Rule("compatibility-not-text", "compatibility is text", _compatibility_not_text),
    Rule("compatibility-empty", "compatibility says something", _compatibility_empty),
    Rule("compatibility-too-long", "compatibility is short enough", _compatibility_too_long),
    Rule("license-not-text", "license is text", _license_not_text),
)
