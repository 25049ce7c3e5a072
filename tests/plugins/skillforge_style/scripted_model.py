"""A test double of a model for the contract suite: it answers what the schema asks for."""

from __future__ import annotations

import json

from workbench.domain.model_call import Completion, Prompt

QUOTE = "ModuleNotFoundError: No module named 'pdfplumber'"


def complete(prompt: Prompt) -> Completion:
    """Answer one prompt, by its label."""
    stage = prompt.label.partition(" ")[0]
    names = prompt.label.partition(": ")[2].split(", ")
    if stage == "analyse":
        evidence = [{"step": 1, "quote": QUOTE, "relation": "failure"}]
        value = {"what": "A module was missing.", "at_fault": "skill", "evidence": evidence}
    elif stage == "diagnose":
        one = {"failures": names, "problem": "No word of the module.", "at_fault": "skill"}
        value = {"diagnoses": [one]}
    elif stage == "optimise":
        edit = {"file": "SKILL.md", "op": "append_to_section", "target_section": "PDF"}
        text = "Install `pdfplumber` first."
        value = {"reasoning": "", "edits": [{**edit, "content": text, "diagnoses": names}]}
    else:
        value = {"skills": []}
    return Completion(text=json.dumps(value), value=value, model="scripted")
