"""A test double of a model for the contract suite: it answers what the schema asks for.

It shows that the engine's stages fit together; it says nothing about how a model behaves.
"""

from __future__ import annotations

import json

from workbench.domain.model_call import Completion, Prompt

LESSON = "- Install `pdfplumber` before the script is run: it is not there at first."
QUOTE = "ModuleNotFoundError: No module named 'pdfplumber'"


def complete(prompt: Prompt) -> Completion:
    """Answer one prompt, by its label."""
    stage = prompt.label.partition(" ")[0]
    value: dict[str, object] = {"reasoning": "The module was missing in every run."}
    edit = {"file": "SKILL.md", "op": "append_to_section", "target_section": "PDF"}
    if stage == "map":
        evidence = [{"step": 1, "quote": QUOTE, "relation": "failure"}]
        made = {**edit, "content": LESSON, "evidence": evidence, "generality": "family"}
        value |= {"root_cause": "skill", "evidence": evidence, "edits": [made]}
    elif stage == "merge":
        names = prompt.label.partition(": ")[2].split(", ")
        source = [f"{name}.1" for name in names]
        value |= {"edits": [{**edit, "content": LESSON, "from": source}]}
    elif stage == "place":
        value = {"found": False}
    else:
        value = {"change": [], "drop": [], "add": []}
    return Completion(text=json.dumps(value), value=value, model="scripted")
