"""How long anything keeps the window from answering, in the flows people walk.

    python -m tests.benchmarks.bench_responsiveness [megabytes] [--stood]

A timer of 5 ms beats in the window's own event loop. Of the longest pause between two beats it is
told how long it was by the clock, what the window's thread worked in it, and the longest pause
without the wait for a processor that other programs had. That last one is held to the goal of
50 ms; the floor is the pauses of the same timer in a window that only waits, in the same run.
``--stood`` tells where the window's thread was seen in every pause above 20 ms.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from tests.benchmarks.generate_session import generate
from tests.benchmarks.heartbeat import Heartbeat, Pause
from tests.benchmarks.review_flows import review_flows
from workbench.gui.walk.scenes import SCENES
from workbench.gui.walk.stage import Stage
from workbench.gui.walk.world import World, example_world

GOAL_MS = 50.0
SKILLS = 300


def _many_skills(world: World, folder: Path) -> Path:
    library = folder / "many"
    sources = [path for path in world.library.iterdir() if (path / "SKILL.md").is_file()]
    for number in range(SKILLS):
        source = sources[number % len(sources)]
        shutil.copytree(source, library / f"group-{number % 7}" / f"{source.name}-{number}")
    return library


def _wait(stage: Stage, seconds: float) -> None:
    until = time.monotonic() + seconds
    stage.until(lambda: time.monotonic() > until, "the time")


def _flows(
    stage: Stage, world: World, folder: Path, size: int
) -> list[tuple[str, Callable[[], object]]]:
    large = folder / "large.jsonl"
    generate(large, size)
    many = _many_skills(world, folder)

    def open_large() -> None:
        stage.context.open_traces([large])
        stage.until(lambda: any(t.path == large for t in stage.context.traces), "the session")
        stage.show_activity("traces")
        stage.context.request_trace(large, stage.context.traces[-1].trajectory.id, 9000)
        _wait(stage, 1.5)

    def quiet() -> None:
        stage.until(lambda: not stage.context.jobs.active, "the jobs")
        _wait(stage, 0.4)

    def scene(name: str) -> Callable[[], object]:
        def show() -> None:
            SCENES[name].show(stage, world)
            quiet()

        return show

    def open_many() -> None:
        stage.window.open_library(many)
        stage.until(
            lambda: (
                stage.context.library is not None and len(stage.context.library.skills) == SKILLS
            ),
            "300 skills",
        )
        quiet()

    flows: list[tuple[str, Callable[[], object]]] = [
        ("a window that waits (floor)", lambda: _wait(stage, 1.0)),
        ("open the example and its traces", lambda: stage.open(world.library, world.traces)),
    ]
    shown = ("library", "editor", "preview", "traces", "trace-step", "graph", "security")
    flows += [(f"show {name}", scene(name)) for name in shown]
    flows += [
        ("show evolution", lambda: _show_evolution(stage)),
        ("run the evidence miner", lambda: _mine(stage)),
        *review_flows(stage, world),
        (f"open {SKILLS} skills", open_many),
        (f"graph of {SKILLS} skills", scene("graph")),
        (f"open a session of {size >> 20} MB, go to step 9,000", open_large),
    ]
    return flows


def _show_evolution(stage: Stage) -> None:
    stage.show_activity("evolution")
    _wait(stage, 0.5)


def _mine(stage: Stage) -> None:
    stage.run("evolution.run")
    stage.until(lambda: bool(stage.context.jobs.active), "the start of the engine")
    stage.until(lambda: not stage.context.jobs.active, "the engine")
    _wait(stage, 0.4)


def main() -> int:
    """Print flow and pauses, and where they were; exit with 1 where the goal is missed."""
    numbers = [word for word in sys.argv[1:] if word.isdigit()]
    size = int(numbers[0] if numbers else 60) << 20
    told = 20.0 if "--stood" in sys.argv else GOAL_MS
    missed = 0
    print("     longest     at work   own worst   (ms)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with example_world(folder / "world") as world, Stage() as stage:
            heart = Heartbeat()
            for title, flow in _flows(stage, world, folder, size):
                _wait(stage, 0.2)
                heart.begin()
                flow()
                late = heart.worst.own > GOAL_MS
                missed += late
                print(
                    f"{'!' if late else ' '} {heart.longest.wall:10.1f}  "
                    f"{heart.busiest.processor:10.1f}  {heart.worst.own:10.1f}   {title}",
                    flush=True,
                )
                for pause in {id(one): one for one in (heart.busiest, heart.worst)}.values():
                    if pause.own > told:
                        _tell(pause)
            heart.end()
    print(f"{missed} flows above {GOAL_MS:.0f} ms")
    return 1 if missed else 0


def _tell(pause: Pause) -> None:
    print(f"       {pause}")
    for where, times in pause.stood[:12]:
        print(f"         {times:3} x {where}")


if __name__ == "__main__":
    sys.exit(main())
