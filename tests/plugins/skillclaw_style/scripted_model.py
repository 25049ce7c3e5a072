"""A test double of a model for the contract suite: it answers what the schema asks for."""

from __future__ import annotations

import json

from workbench.domain.model_call import Completion, Prompt

QUOTE = "ModuleNotFoundError: No module named 'pdfplumber'"
BODY = "# PDF\n\nInstall `pdfplumber`, then run `python scripts/extract.py input.pdf`.\n"


def complete(prompt: Prompt) -> Completion:
    """Answer one prompt, by its label."""
    stage = prompt.label.partition(":")[0]
    if stage == "summary":
        moments = [{"step": 1, "quote": QUOTE, "relation": "failure"}]
        value: dict[str, object] = {"goal": "Tables.", "course": "Failed.", "moments": moments}
    elif stage == "judge":
        value = {"task_completion": 1, "response_quality": 1, "tool_use": 0, "efficiency": 0}
    else:
        evidence = [{"run": f"run{number}", "step": 1, "quote": QUOTE} for number in range(3)]
        value = {
            "at_fault": "skill",
            "rationale": "A module was missing in all of them.",
            "action": "improve_skill",
            "evidence": evidence,
            "skill": {"content": BODY},
        }
    return Completion(text=json.dumps(value), value=value, model="scripted")
