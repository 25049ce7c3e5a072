"""``plugins``: which there are and whether they work. ``jobs``: what they did."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from workbench.cli.console import UsageProblem, coloured, document, print_json
from workbench.domain.job import AnyEvent, Finished, Progress, UnknownEvent
from workbench.files import FileProblem
from workbench.plugin.doctor import PluginCheck, check_plugin
from workbench.plugin.manifest import PERMISSIONS, words_for_need
from workbench.plugin.registry import PluginInfo, Registry, UnknownPlugin
from workbench.plugin.runs import Run, ask_to_cancel, list_runs, mark_lost, read_run
from workbench.store.paths import UserFolders

SUMMARY = {
    "plugins": "plugins: list, show, enable, disable, or check that they work",
    "jobs": "jobs: list them, show one, or cancel one that runs",
}

_CANCEL_WAIT_S = 12.0
_COLOURS = {"broken": "red", "failed": "red", "lost": "red", "disabled": "yellow"}


def add_arguments(command: str, parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    if command == "plugins":
        parser.description = "Plugins run in processes of their own, for stability: no sandbox."
        actions = ["list", "show", "enable", "disable", "doctor"]
        parser.add_argument("action", choices=actions)
        parser.add_argument("id", nargs="?", help="a plugin (doctor: all by default)")
    else:
        parser.add_argument("action", choices=["list", "show", "cancel"])
        parser.add_argument("id", nargs="?", help="a job")
        parser.add_argument("--runs", metavar="DIR", help="run folders (default: yours)")
    parser.add_argument("--format", choices=["text", "json"], default="text")


def run_command(command: str, args: argparse.Namespace) -> int:
    """Run one action; ``plugins doctor`` exits with 1 when a plugin does not work."""
    if args.action not in ("list", "doctor") and args.id is None:
        raise UsageProblem(f"'{args.action}' needs an id; '{command} list' shows those there are.")
    try:
        return _plugins(args) if command == "plugins" else _jobs(args)
    except (FileProblem, UnknownPlugin) as problem:
        raise UsageProblem(str(problem)) from problem


def _plugins(args: argparse.Namespace) -> int:
    folders = UserFolders.default()
    registry = Registry.of_user(folders.plugins, folders.config / "plugins.json")
    if args.action == "doctor":
        chosen = registry.plugins if args.id is None else (registry.get(args.id),)
        return _doctor(chosen, args.format)
    if args.action == "list":
        return _list_plugins(registry.plugins, args.format)
    if args.action == "show":
        plugin = registry.get(args.id)
    else:
        plugin = registry.set_enabled(args.id, args.action == "enable")
    if args.format == "json":
        print_json(document("plugin", plugin=_plugin_fields(plugin)))
    else:
        _print_plugin(plugin)
    return 0


def _plugin_fields(plugin: PluginInfo) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": plugin.id,
        "state": plugin.state,
        "reason": plugin.reason,
        "origin": plugin.origin,
        "folder": plugin.folder,
    }
    if plugin.manifest is not None:
        of_manifest = msgspec.to_builtins(plugin.manifest)
        fields |= {key: value for key, value in of_manifest.items() if key not in fields}
    return fields


def _list_plugins(plugins: Sequence[PluginInfo], form: str) -> int:
    if form == "json":
        print_json(document("plugins", plugins=[_plugin_fields(plugin) for plugin in plugins]))
        return 0
    for plugin in plugins:
        name = plugin.manifest.name if plugin.manifest else ""
        kinds = ", ".join(plugin.kinds)
        print(f"{plugin.id:<20} {_state(plugin.state):<9} {kinds:<12} {name}".rstrip())
        if plugin.reason:
            print(f"    {plugin.reason}")
    return 0


def _print_plugin(plugin: PluginInfo) -> None:
    manifest = plugin.manifest
    rows: list[tuple[str, str]] = [("state", f"{_state(plugin.state)} {plugin.reason}".strip())]
    if manifest is not None:
        permissions = [PERMISSIONS[permission] for permission in manifest.permissions]
        rows += [
            ("name", f"{manifest.name} {manifest.version} (API {manifest.api})"),
            ("does", manifest.description),
            ("kinds", ", ".join(manifest.kinds)),
            ("needs", ", ".join(words_for_need(need) for need in manifest.needs) or "nothing"),
            ("may", "; ".join(permissions) or "nothing beyond its run folder, by its own word"),
            ("secrets", ", ".join(manifest.secrets)),
            ("costs", manifest.cost_estimate),
            ("repeats", "the same input gives the same result" if manifest.deterministic else ""),
            ("licence", manifest.licence),
            ("paper", manifest.paper),
            ("homepage", manifest.homepage),
        ]
        rows += [
            (f"setting {field.key}", f"{field.title} ({field.type}, {field.default!r})")
            for field in manifest.settings
        ]
    rows.append(("folder", plugin.folder))
    print(coloured(plugin.id, "bold"))
    for name, text in rows:
        if text:
            print(f"  {name:<10} {text}")


def _doctor(plugins: Sequence[PluginInfo], form: str) -> int:
    with TemporaryDirectory(prefix="skill-workbench-doctor-") as folder:
        checks = [check_plugin(plugin, Path(folder)) for plugin in plugins]
    if form == "json":
        print_json(document("plugins-doctor", checks=checks, ok=all(one.ok for one in checks)))
    else:
        for check in checks:
            _print_check(check)
    return 0 if all(check.ok for check in checks) else 1


def _print_check(check: PluginCheck) -> None:
    word = coloured("works", "green") if check.ok else coloured("does not work", "red")
    word = coloured("not tried", "yellow") if check.ok and not check.tried else word
    seconds = f" ({check.seconds:.2f} s)" if check.tried else ""
    print(f"{check.id:<20} {word}{seconds}")
    for problem in (*check.problems, *check.notes):
        print(f"    {problem}")


def _jobs(args: argparse.Namespace) -> int:
    runs_dir = Path(args.runs) if args.runs else UserFolders.default().runs
    if args.action == "list":
        return _list_jobs(list_runs(runs_dir), args.format)
    if Path(args.id).name != args.id or not (runs_dir / args.id).is_dir():
        raise UsageProblem(f"There is no job '{args.id}' in {runs_dir}. 'jobs list' shows them.")
    if args.action == "cancel":
        return _cancel(runs_dir / args.id, args.format)
    return _show_job(read_run(runs_dir / args.id), args.format)


def _job_fields(run: Run) -> dict[str, Any]:
    finished = run.finished
    return {
        "id": run.id,
        "plugin": run.plugin,
        "title": run.title,
        "state": run.state,
        "created": run.created,
        "status": finished.status if finished else None,
        "summary": finished.summary if finished else "",
        "run_dir": run.run_dir,
    }


def _list_jobs(runs: Sequence[Run], form: str) -> int:
    if form == "json":
        print_json(document("jobs", jobs=[_job_fields(run) for run in runs]))
        return 0
    for run in runs:
        print(f"{run.id:<42} {_state(run.state):<10} {run.title}")
    if not runs:
        print("No job was run yet.")
    return 0


def _show_job(run: Run, form: str) -> int:
    events = list(run.events())
    if form == "json":
        shown = [_event_fields(event) for event in events]
        print_json(document("job", job=_job_fields(run), events=shown))
        return 0
    print(f"{coloured(run.title, 'bold')} · {run.plugin} · {_state(run.state)} · {run.created}")
    for event in events:
        if not isinstance(event, Progress):
            print(f"  {event.seq:>5} {_event_words(event)}")
    return 0


def _event_fields(event: AnyEvent) -> dict[str, Any]:
    if isinstance(event, UnknownEvent):
        return {"event": event.tag, "seq": event.seq, "raw": event.raw}
    fields: dict[str, Any] = msgspec.to_builtins(event)
    return fields


def _event_words(event: AnyEvent) -> str:
    if isinstance(event, Finished):
        return f"finished: {event.status}. {event.summary}"
    fields = _event_fields(event)
    name, _ = fields.pop("event"), fields.pop("seq")
    words = msgspec.json.encode({key: value for key, value in fields.items() if value}).decode()
    return f"{name} {words if len(words) <= 300 else words[:299] + '…'}"


def _cancel(run_dir: Path, form: str) -> int:
    """Ask the program that runs the job, and wait for its word; 1 when there is none in time."""
    run = read_run(run_dir)
    if run.state == "lost":
        mark_lost(run_dir)
    elif run.finished is None:
        try:
            ask_to_cancel(run_dir)
        except OSError as problem:
            raise UsageProblem(f"{run_dir} cannot be written: {problem.strerror}.") from problem
        give_up = time.monotonic() + _CANCEL_WAIT_S
        while time.monotonic() < give_up and read_run(run_dir).finished is None:
            time.sleep(0.1)
    run = read_run(run_dir)
    if form == "json":
        print_json(document("job", job=_job_fields(run), events=[]))
    else:
        print(f"{run.id}: {_state(run.state)}. {run.finished.summary if run.finished else ''}")
    return 0 if run.finished is not None else 1


def _state(state: str) -> str:
    return coloured(state, _COLOURS[state]) if state in _COLOURS else state
