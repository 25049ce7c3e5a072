"""What a tool call does with skills, whatever the agent calls its tools."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from workbench.domain.trajectory import ByteSpan
from workbench.traces.call_arguments import inner_command, patched_files
from workbench.traces.draft import CallDraft, StepDraft
from workbench.traces.json_values import items, string
from workbench.traces.skill_watch import SkillWatch

_SKILL_TOOLS: Final = re.compile(
    r"(?:activate_|invoke_|load_|use_|read_|get_)?skills?(?:_view|_load|_use)?", re.IGNORECASE
)
_READ_TOOLS: Final = re.compile(
    r"(?:fs_)?(?:read(?:_?(?:file|text_?file|many_files))?|view(?:_file)?|open(?:_file)?|cat)",
    re.IGNORECASE,
)
_EDIT_TOOLS: Final = re.compile(
    r"(?:fs_)?(?:write|edit|multi_?edit|create|replace|str_?replace(?:_edit)?|delete|patch)"
    r"(?:_?(?:file|in_file))?",
    re.IGNORECASE,
)
#: Editors that also read: what they do is in the argument ``command``.
_EDITORS: Final = re.compile(r"str_replace(?:_based)?_edit(?:or|_tool)|file_editor", re.IGNORECASE)
_PATHS: Final = ("file_path", "filePath", "filepath", "path", "absolute_path", "file", "filename")
#: Where tools that read several files have them.
_MANY: Final = ("paths", "include", "files", "file_paths")
_MOST: Final = 100
_SKILL_NAMES: Final = ("skill", "skill_name", "name", "command")
_COMMANDS: Final = ("command", "cmd", "script", "CommandLine")


def notice_skills(
    watch: SkillWatch,
    step: StepDraft,
    call: CallDraft,
    arguments: Mapping[str, Any],
    span: ByteSpan,
    *,
    cwd: str = "",
) -> None:
    """See whether a call loads, reads, runs or edits a skill; ``arguments`` are decoded."""
    path = next((text for key in _PATHS if (text := string(arguments.get(key)))), "")
    short = call.name.rpartition("__")[2] or call.name
    if _SKILL_TOOLS.fullmatch(short):
        skill = next((text for key in _SKILL_NAMES if (text := string(arguments.get(key)))), "")
        if skill:
            watch.named(step, call, skill, span)
        return
    if _EDITORS.fullmatch(short):
        viewed = arguments.get("command") == "view"
        if path and viewed:
            watch.read(step, call, path, span)
        elif path:
            watch.edited(step, call, [path], span)
        return
    if _READ_TOOLS.fullmatch(short):
        many = [path] if path else [one for key in _MANY for one in items(arguments.get(key))]
        for one in many[:_MOST]:
            watch.read(step, call, string(one) or "", span)
    elif path and _EDIT_TOOLS.fullmatch(short):
        watch.edited(step, call, [path], span)
    elif short == "apply_patch":
        patch = next((p for key in ("input", "patch") if (p := string(arguments.get(key)))), "")
        watch.edited(step, call, patched_files(patch), span)
    for key in _COMMANDS:
        command = inner_command(arguments.get(key))
        if command:
            watch.command(step, call, command, span, string(arguments.get("cwd")) or cwd)
            return
