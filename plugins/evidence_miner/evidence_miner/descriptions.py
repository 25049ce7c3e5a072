"""A skill's description with a sentence more, all else of its file byte for byte as it was."""

from __future__ import annotations

import json
import re

import yaml

from evidence_miner.skill_texts import SkillText, front_and_rest

#: The Agent Skills specification and all clients' uploads (2026-11).
MAX_DESCRIPTION = 1024
_ENTRY = re.compile(r"^description:[^\n]*\n?(?:(?:[ \t]+[^\n]*|[ \t]*\r?)\n)*", re.MULTILINE)
_BLOCK = re.compile(r"description:[ \t]*[>|][-+]?[ \t]*\r?\n")


def with_sentence(skill: SkillText, sentence: str) -> str | None:
    """Return SKILL.md with the sentence at the end of the description.

    None when it would be too long, has signs clients refuse, or the front matter cannot be read
    or written without another change.
    """
    front, rest = front_and_rest(skill.main_text)
    values = _values(front)
    described = values.get("description")
    found = _ENTRY.search(front)
    if found is None or not isinstance(described, str) or not described.strip():
        return None
    plain = described.rstrip()
    full = f"{plain}{'' if plain.endswith(('.', '!', '?')) else '.'} {sentence}"
    if len(full) > MAX_DESCRIPTION or re.search(r"[<>\x00-\x08]", sentence):
        return None
    for entry in _written(found[0], full, sentence):
        made = front[: found.start()] + entry + front[found.end() :]
        after = _values(made)
        said = after.pop("description", None)
        others = {key: value for key, value in values.items() if key != "description"}
        if isinstance(said, str) and said.split() == full.split() and after == others:
            return made + rest
    return None


def _written(entry: str, full: str, sentence: str) -> list[str]:
    """Return ways to write the entry: in the style it has, else as one quoted line."""
    end = "\r\n" if "\r\n" in entry else "\n"
    tries: list[str] = []
    lines = entry.rstrip().splitlines()
    if _BLOCK.match(entry):
        indent = re.match(r"[ \t]*", lines[-1])
        stop = "" if lines[-1].rstrip().endswith((".", "!", "?")) else "."
        block = [
            *lines[:-1],
            lines[-1].rstrip() + stop,
            f"{indent[0] if indent else '  '}{sentence}",
        ]
        tries.append(end.join(block) + end)
    elif len(lines) == 1:
        value = lines[0].partition(":")[2].strip()
        if value[:1] == "'":
            tries.append(f"description: '{full.replace(chr(39), chr(39) * 2)}'{end}")
        elif value[:1] != '"':
            tries.append(f"description: {full}{end}")
    flat = " ".join(full.split())
    tries.append(f"description: {json.dumps(flat, ensure_ascii=False)}{end}")
    return tries


def _values(front: str) -> dict[object, object]:
    block = re.sub(r"\A\ufeff?---[ \t]*\r?\n|^---[ \t]*(?:\r?\n)?\Z", "", front, flags=re.MULTILINE)
    try:
        found = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return dict(found) if isinstance(found, dict) else {}
