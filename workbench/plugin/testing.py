"""Running a plugin in the test's own process: no child, same values, same rules.

For the tests of plugins, ours and others'. What comes back went through the same encoding as in a
real job, so that a value of a wrong type is found here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from workbench.domain.job import (
    AnyEvent,
    EvalRequested,
    Finished,
    JobSpec,
    LlmRequested,
    Request,
    UnknownEvent,
    decode_event,
    encode_event,
)
from workbench.domain.model_call import Completion, Prompt
from workbench.plugin.context import Inbox, RunContext
from workbench.plugin.execute import load_entry, run_entry
from workbench.plugin.manifest import Manifest, load
from workbench.plugin.protocol import EvalAnswer, LlmAnswer
from workbench.plugin.settings import settings_with_defaults


def run_in_process(
    plugin: Path | Manifest,
    request: Request,
    run_dir: Path,
    *,
    secrets: Mapping[str, str] | None = None,
    cancel_when: Callable[[AnyEvent], bool] = lambda _: False,
    answer: Callable[[EvalRequested], EvalAnswer] | None = None,
    complete: Callable[[Prompt], Completion] | None = None,
) -> tuple[AnyEvent, ...]:
    """Run an in-process or importer plugin and return its events, the last one ``Finished``.

    Args:
        plugin: its folder, or its manifest.
        request: as in a job; ``workdir`` is set, settings get the plugin's defaults.
        run_dir: an existing folder of the test.
        secrets: what ``context.secret`` finds.
        cancel_when: cancels after the first event it is true for.
        answer: answers ``EvalRequested``; without it they are refused.
        complete: answers prompts to models; without it they are refused.

    Raises:
        ValueError: the plugin is a command, or settings of the request do not fit.
    """
    manifest = plugin if isinstance(plugin, Manifest) else load(plugin)
    if manifest.form == "command":
        raise ValueError(f"'{manifest.id}' is a command: it runs in a job only.")
    settings, problems = settings_with_defaults(manifest.settings, request.settings)
    if problems:
        raise ValueError(" ".join(problems))
    work = run_dir / "work"
    work.mkdir(exist_ok=True)
    request = replace(request, settings=settings, workdir=str(work))
    events: list[AnyEvent] = []
    inbox = Inbox()

    def emit(event: AnyEvent) -> None:
        if not isinstance(event, UnknownEvent):
            event = decode_event(encode_event(replace(event, seq=len(events) + 1)))
        events.append(event)
        if cancel_when(event):
            inbox.cancel()
        if isinstance(event, EvalRequested):
            inbox.put(answer(event) if answer else EvalAnswer(event.id, refused="no runner"))
        elif isinstance(event, LlmRequested) and event.prompt is not None:
            told = complete(event.prompt) if complete else Completion(refused="no model")
            inbox.put(LlmAnswer(event.id, told))

    context = RunContext(request, run_dir, emit, inbox, secrets or {})
    finished = _run(manifest, request, context, emit)
    events.append(replace(finished, seq=len(events) + 1))
    assert isinstance(events[-1], Finished)
    return tuple(events)


def _run(
    manifest: Manifest, request: Request, context: RunContext, emit: Callable[[AnyEvent], None]
) -> Finished:
    code_path = Path(manifest.folder)
    spec = JobSpec(
        id=request.job,
        plugin=manifest.id,
        plugin_path=str(code_path),
        entry=manifest.entry,
        form=manifest.form,
        request=request,
        created=datetime.now(UTC).isoformat(),
    )
    before = list(sys.path)
    try:
        return run_entry(lambda: load_entry(code_path, spec.entry), spec, context, emit)
    finally:
        sys.path[:] = before
