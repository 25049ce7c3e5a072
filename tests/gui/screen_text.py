"""What a screen reader is told of named screens, as text; run in a process of its own.

    python -m tests.gui.screen_text SCENE ...

Each line is an element that is shown: its role, its name, its value, and what can be done with it.
Times, run ids and folders are taken out, as they differ from run to run.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtGui import QAccessible, QAccessibleInterface

from workbench.gui.walk.engines import MINER, close_all, open_all, run_engine_on
from workbench.gui.walk.scenes import SCENES
from workbench.gui.walk.stage import Stage
from workbench.gui.walk.world import example_world

_MOMENT = "2026-11-02T09:00:00+00:00"
_ROWS = 40
_LENGTH = 160
_VARYING = (
    (re.compile(r"\d{8}-\d{6}-[\w-]+"), "RUN"),
    (re.compile(r"(?:today|yesterday|\d{4}-\d\d-\d\d) \d\d:\d\d(?::\d\d)?"), "WHEN"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "HASH"),
    (re.compile(r"(?:/[\w.-]+)*/skill-workbench-screen-[\w.-]+"), "WORLD"),
    (re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s|seconds)\b"), "TIME"),
)


def elements(item: QAccessibleInterface, depth: int = 0) -> Iterator[str]:
    """Yield a line for each element below ``item`` that is on the screen."""
    for position in range(min(item.childCount(), _ROWS)):
        child = item.child(position)
        if child is None or not child.isValid() or child.state().invisible:
            continue
        line = _line(child)
        if line:
            yield "  " * depth + line
        yield from elements(child, depth + bool(line))


def _line(item: QAccessibleInterface) -> str:
    name = _text(item.text(QAccessible.Text.Name))
    value = _text(item.text(QAccessible.Text.Value))
    state = item.state()
    if not (name or value or state.focusable):
        return ""
    marks = [
        word
        for word, set_ in (
            ("disabled", state.disabled),
            ("checked", state.checked),
            ("selected", state.selected),
            ("keyboard", state.focusable and not state.disabled),
        )
        if set_
    ]
    role = item.role().name
    shown = f" = {value!r}" if value and value != name else ""
    return f"{role}: {name!r}{shown}" + (f" ({', '.join(marks)})" if marks else "")


def _text(text: str) -> str:
    text = " ".join(text.split())
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text if len(text) <= _LENGTH else text[:_LENGTH] + "…"


def describe(name: str, folder: Path) -> str:
    """Show one scene on the example and return its text."""
    scene = SCENES[name]
    with example_world(folder / name, _MOMENT) as world:
        if scene.run:
            traces = open_all(world.traces)
            try:
                run_engine_on(world, MINER, traces, clock=lambda: _MOMENT)
            finally:
                close_all(traces)
        with Stage() as stage:
            stage.context.clock = lambda: _MOMENT
            if scene.library:
                stage.open(world.library, world.traces)
            scene.show(stage, world)
            stage.settle()
            stage.dismiss_messages()
            QAccessible.setActive(True)
            root = QAccessible.queryAccessibleInterface(stage.window)
            assert root is not None
            return "\n".join(elements(root))


def main() -> int:
    """Print the text of each scene below its name."""
    with tempfile.TemporaryDirectory(prefix="skill-workbench-screen-") as folder:
        for name in sys.argv[1:]:
            print(f"== {name}")
            print(describe(name, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
