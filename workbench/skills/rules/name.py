"""Rules on the name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workbench.skills.clients import Client
from workbench.skills.frontmatter import text_value
from workbench.skills.rules.registry import Hit, Rule, View, replace, value_span
from workbench.skills.yaml_write import write_string


def _name(view: View) -> str:
    """Return the name as the reference reads it: stripped, NFKC."""
    text = text_value(view.entry("name"), view.skill.source)
    return unicodedata.normalize("NFKC", text.strip())


def _missing(view: View, _: Client) -> Iterator[Hit]:
    front_matter = view.skill.front_matter
    if front_matter is None:
        return
    entry = view.entry("name")
    if entry is None:
        other = next((e.key for e in front_matter.entries if e.key.lower() == "name"), None)
        hint = f" The key '{other}' is not it: keys are lowercase." if other else ""
        folder = Path(view.skill.path).name
        yield Hit(
            f"The name is missing; it would be that of the folder, '{folder}'.{hint}",
            view.head,
        )
    elif not isinstance(entry.value, (list, dict)) and not _name(view):
        yield Hit("The name is empty.", entry.key_span)


def _not_text(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("name")
    if entry is None or entry.value is None or isinstance(entry.value, str):
        return
    if isinstance(entry.value, (list, dict)):
        yield Hit("The name must be one line of text, not a list or map.", value_span(entry))
        return
    written = view.written(entry.value_span)
    quoted = write_string(written, indent="", newline="\n", style="'", one_line=True)
    yield Hit(
        f"YAML reads the name {written} as a {_type(entry.value)}, not as text. Quote it.",
        entry.value_span,
        fix=replace("Quote the name", entry.value_span, quoted),
    )


def _type(value: object) -> str:
    return "truth value" if isinstance(value, bool) else "number"


def _too_long(view: View, client: Client) -> Iterator[Hit]:
    entry = view.entry("name")
    limit = client.limits.get("name")
    name = " ".join(_name(view).split()) if client.collapse else _name(view)
    if entry is not None and limit is not None and len(name) > limit:
        yield Hit(
            f"The name has {len(name)} characters; at most {limit} are allowed.", value_span(entry)
        )


def _format(view: View, _: Client) -> Iterator[Hit]:
    entry, name = view.entry("name"), _name(view)
    if entry is None or not name:
        return
    wrong: list[str] = []
    if name != name.lower():
        wrong.append("it has capital letters")
    if name.startswith("-") or name.endswith("-"):
        wrong.append("it begins or ends with a hyphen")
    if "--" in name:
        wrong.append("it has two hyphens in a row")
    odd = dict.fromkeys(char for char in name if not char.isalnum() and char != "-")
    if odd:
        shown = ", ".join("a space" if char == " " else f"'{char}'" for char in odd)
        wrong.append(f"it has {shown}")
    if wrong:
        yield Hit(
            f"The name '{name}' must be lowercase letters, digits and single hyphens: "
            f"{'; '.join(wrong)}.",
            value_span(entry),
        )


def _not_ascii(view: View, _: Client) -> Iterator[Hit]:
    entry, name = view.entry("name"), _name(view)
    if entry is not None and re.search(r"[^\x00-\x7f]", name):
        yield Hit(
            f"The name '{name}' has letters other than a-z: the specification's text allows only "
            "those, the reference validator allows any, and some clients refuse them.",
            value_span(entry),
        )


def _padded(view: View, _: Client) -> Iterator[Hit]:
    entry = view.entry("name")
    if entry is not None and isinstance(entry.value, str) and entry.value.strip() != entry.value:
        bare = write_string(entry.value.strip(), indent="", newline="\n", one_line=True)
        yield Hit(
            "White space stands around the name. The reference validator cuts it off, other "
            "readers do not.",
            value_span(entry),
            fix=replace("Remove the white space", entry.value_span, bare)
            if entry.value.strip()
            else None,
        )


def _not_folder(view: View, _: Client) -> Iterator[Hit]:
    entry, name = view.entry("name"), _name(view)
    folder = Path(view.skill.path).name
    if entry is not None and name and unicodedata.normalize("NFKC", folder) != name:
        yield Hit(
            f"The name '{name}' differs from the folder '{folder}'. Rename one of them.",
            value_span(entry),
        )


def _reserved_word(view: View, client: Client) -> Iterator[Hit]:
    entry, name = view.entry("name"), _name(view)
    if entry is None:
        return
    for word in client.reserved_words:
        if word in name.lower():
            yield Hit(f"The name holds the reserved word '{word}'.", value_span(entry))


def _reserved_folder(view: View, client: Client) -> Iterator[Hit]:
    folder = Path(view.skill.path).name
    if folder in client.reserved_folders:
        yield Hit(f"The folder name '{folder}' is reserved by {client.title}. Rename the folder.")


RULES: Final = (
    Rule("name-missing", "There is a name", _missing),
    Rule("name-not-text", "The name is text", _not_text),
    Rule("name-too-long", "The name is short enough", _too_long),
    Rule("name-format", "The name is lowercase letters, digits and single hyphens", _format),
    Rule("name-not-ascii", "The name is a-z, 0-9 and hyphens", _not_ascii),
    Rule("name-padded", "No white space around the name", _padded),
    Rule("name-not-folder", "The name is that of the folder", _not_folder),
    Rule("name-reserved-word", "The name holds no reserved word", _reserved_word),
    Rule("folder-reserved", "The folder's name is not reserved", _reserved_folder),
)
