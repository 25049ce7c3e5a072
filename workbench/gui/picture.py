"""``picture``: a named screen of the program as a PNG, drawn without a display."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from workbench.gui.theme.tokens import THEMES

#: The example's commits carry this date, so that pictures are the same every time.
_MOMENT = "2026-11-02T09:00:00+00:00"
#: Stands for the id of the run, which holds the time and a random part.
_JOB = "20261102-090000-evidence_miner-example"
_LEAST, _MOST = 320, 8000


def run(arguments: Sequence[str]) -> int:
    """Draw a screen; return 0, or 2 with a message when it is not known or cannot be drawn."""
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)
    from workbench.gui.walk.scenes import SCENES

    if options.list:
        for scene in SCENES.values():
            print(f"{scene.name:<22}{scene.title}")
        return 0
    if options.scene not in SCENES:
        what = f"There is no scene '{options.scene}'." if options.scene else "Name a scene."
        return _refuse(f"{what} Scenes: {', '.join(SCENES)}.")
    if options.out is None:
        return _refuse("Say where to write the picture with --out FILE.")
    size = _size(options.size)
    if size is None:
        return _refuse(f"'{options.size}' is no size. Give WIDTHxHEIGHT, such as 1280x800.")
    return _draw(options.scene, options.out, options.theme, size)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="skill-workbench picture",
        description="Draw a named screen of the program on the example library, with no display.",
    )
    parser.add_argument("scene", nargs="?", default="", metavar="SCENE", help="see --list")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the PNG to write")
    parser.add_argument("--theme", choices=THEMES, default=THEMES[0])
    parser.add_argument("--size", default="1280x800", metavar="WxH")
    parser.add_argument("--list", action="store_true", help="list the scenes and stop")
    return parser


def _size(text: str) -> tuple[int, int] | None:
    width, mark, height = text.lower().partition("x")
    if not mark or not (width.isascii() and width.isdigit() and height.isascii()):
        return None
    if not height.isdigit() or max(len(width), len(height)) > 4:
        return None
    size = int(width), int(height)
    return size if all(_LEAST <= side <= _MOST for side in size) else None


def _draw(name: str, out: Path, theme: str, size: tuple[int, int]) -> int:
    from workbench.gui.walk.engines import MINER, close_all, open_all, run_engine_on
    from workbench.gui.walk.scenes import SCENES
    from workbench.gui.walk.stage import Stage, StageProblem
    from workbench.gui.walk.world import example_world
    from workbench.store.proposals import ProposalStore

    scene = SCENES[name]
    with _folder() as folder, example_world(folder / "world", _MOMENT) as world:
        if scene.run:
            traces = open_all(world.traces)
            try:
                found = run_engine_on(world, MINER, traces, clock=lambda: _MOMENT)
            finally:
                close_all(traces)
            store = ProposalStore(world.folders.proposals)
            for proposal in (*found.proposals, *found.diagnoses):
                store.update(msgspec.structs.replace(proposal, job=_JOB))
        try:
            with Stage(size, theme) as stage:
                stage.context.clock = lambda: _MOMENT
                if scene.library:
                    stage.open(world.library, world.traces)
                scene.show(stage, world)
                stage.dismiss_messages()
                stage.save(out)
        except StageProblem as problem:
            return _refuse(f"The scene '{name}' cannot be drawn: {problem}")
    print(f"{out}: {scene.title}, {size[0]}x{size[1]}, {theme}")
    return 0


@contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder that is gone afterwards; its name is the same every time, when it is free."""
    folder = Path(tempfile.gettempdir()) / "skill-workbench-picture"
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        folder = Path(tempfile.mkdtemp(prefix="skill-workbench-picture-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _refuse(message: str) -> int:
    print(f"skill-workbench picture: {message}", file=sys.stderr)
    return 2
