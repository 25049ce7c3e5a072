"""Which files a run touched, by what its tool calls say and nothing else.

Only calls whose arguments name a file count: readers, editors, writers, patches. What a shell
command may have touched is not guessed, and a call that failed or was refused touched nothing.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

from msgspec import Struct

from workbench.domain.trajectory import Step, ToolBody, ToolCall
from workbench.traces.importer import TraceError
from workbench.traces.json_values import decode
from workbench.traces.open import OpenTrace

Use = Literal["read", "written", "created", "deleted"]

#: Tools by the name each client gives them (lower case, without the server's prefix).
_TOOLS: Final[dict[str, Use]] = {
    **dict.fromkeys(
        ("read", "read_file", "readfile", "view", "view_file", "open_file", "notebookread"), "read"
    ),
    **dict.fromkeys(
        ("read_many_files", "fs_read", "view_image", "read_text_file", "read_notebook"), "read"
    ),
    **dict.fromkeys(
        ("edit", "multiedit", "notebookedit", "edit_file", "replace", "str_replace"), "written"
    ),
    **dict.fromkeys(
        ("write", "write_file", "writefile", "write_to_file", "replace_in_file"), "written"
    ),
    **dict.fromkeys(
        ("insert", "apply_diff", "search_replace", "fs_write", "update_file", "file_change"),
        "written",
    ),
    **dict.fromkeys(("patch", "apply_patch", "edit_notebook"), "written"),
    **dict.fromkeys(("create", "create_file", "new_file"), "created"),
    **dict.fromkeys(("delete_file", "remove_file"), "deleted"),
    **dict.fromkeys(("str_replace_editor", "str_replace_based_edit_tool", "file_editor"), "read"),
}
#: What a tool with a ``command`` argument does to its file.
_COMMANDS: Final[dict[str, Use]] = {
    "view": "read",
    "create": "created",
    "str_replace": "written",
    "insert": "written",
    "undo_edit": "written",
}
_PATHS: Final = (
    *("file_path", "filepath", "path", "absolute_path", "filename", "file", "target_file"),
    *("notebook_path", "target_notebook", "paths", "files"),
)
_PATCHED: Final = re.compile(r"^\*\*\* (Add|Update|Delete) File: (.+?)\s*$", re.MULTILINE)
_PATCH_USES: Final[dict[str, Use]] = {"Add": "created", "Update": "written", "Delete": "deleted"}
#: How a writer says that the file was not there before (Claude Code 2, Gemini CLI 0.9).
_CREATED: Final = re.compile(r"^(?:File created successfully|Successfully created and wrote)")
_NOTHING_DONE: Final = frozenset({"error", "rejected", "cancelled"})
_SERVER: Final = re.compile(r"^.*(?:__|\.|:)")


class TouchedFile(Struct, frozen=True):
    """A file with how often it was used, and the steps that did, rising.

    ``path`` is as the calls name it, made absolute by the run's folder where that is known.
    """

    path: str
    read: int
    written: int
    created: int
    deleted: int
    steps: tuple[int, ...]


def touched_files(
    trace: OpenTrace, stopped: Callable[[], bool] = lambda: False
) -> tuple[TouchedFile, ...]:
    """Return the files of a run in the order they were first touched. For a thread.

    Raises:
        TraceError: the trace cannot be read any more.
    """
    counts: dict[str, dict[Use, int]] = {}
    steps: dict[str, dict[int, None]] = {}
    folder = trace.trajectory.cwd or ""
    for step in trace.trajectory.steps:
        if stopped():
            break
        for path, use in _of_step(trace, step):
            whole = posixpath.normpath(posixpath.join(folder, path))
            made = counts.setdefault(whole, {})
            made[use] = made.get(use, 0) + 1
            steps.setdefault(whole, {})[step.index] = None
    return tuple(
        TouchedFile(
            path,
            made.get("read", 0),
            made.get("written", 0),
            made.get("created", 0),
            made.get("deleted", 0),
            tuple(steps[path]),
        )
        for path, made in counts.items()
    )


def tool_name(name: str) -> str:
    """Return the name of a tool in lower case, without the server it came from."""
    return _SERVER.sub("", name).casefold()


def _of_step(trace: OpenTrace, step: Step) -> Iterator[tuple[str, Use]]:
    calls = {
        call.id: call
        for call in step.tool_calls
        if call.status not in _NOTHING_DONE and (call.files or tool_name(call.name) in _TOOLS)
    }
    if not calls:
        return
    try:
        bodies = trace.body(step.index).tool_calls
    except TraceError:
        raise
    except Exception:
        bodies = ()
    for body in bodies:
        call = calls.get(body.id)
        if call is not None:
            yield from _of_call(call, body)


def _of_call(call: ToolCall, body: ToolBody) -> Iterator[tuple[str, Use]]:
    use = _TOOLS.get(tool_name(call.name), "written")
    arguments = decode(body.arguments.encode("utf-8", "surrogatepass"))
    texts = [body.arguments] if not isinstance(arguments, dict) else list(_texts(arguments))
    patched = [found for text in texts for found in _PATCHED.findall(text)]
    if patched:
        yield from ((path, _PATCH_USES[way]) for way, path in patched)
        return
    paths = list(call.files)
    if isinstance(arguments, dict):
        use = _COMMANDS.get(str(arguments.get("command")), use)
        paths = paths or list(_paths(arguments))
    if use == "written" and _CREATED.match(body.observation or ""):
        use = "created"
    for path in dict.fromkeys(paths):
        yield path, use


def _paths(arguments: dict[str, Any]) -> Iterator[str]:
    for name in _PATHS:
        value = arguments.get(name)
        if isinstance(value, str) and value.strip() and "\n" not in value:
            yield value
            return
        if isinstance(value, list):
            named = [one for one in value if isinstance(one, str)]
            named += [str(one["path"]) for one in value if isinstance(one, dict) and "path" in one]
            if named:
                yield from named
                return


def _texts(arguments: dict[str, Any]) -> Iterator[str]:
    yield from (value for value in arguments.values() if isinstance(value, str))
