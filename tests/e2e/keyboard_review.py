"""Ten proposals reviewed in the real window, on a real X server, by keys alone.

    python -m tests.e2e.keyboard_review [--pictures FOLDER]

Needs ``Xvfb`` and ``xdotool``. The window is the installed program in a process of its own; keys
reach it as they reach any X program. Nothing looks into it: what a key did is read from the store
of proposals and from the library's repository. Prints each act with its keys and seconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.gui.review_world import SKILL, ReviewWorld, make_world
from workbench.domain.proposal import Engine, Proposal
from workbench.store.paths import UserFolders

_WAIT_S = 30.0
_NAMES = tuple(f"skill-{number:02}" for number in range(1, 11))

_STEP, _OPENING = ("2. Two", "2. Two, slowly"), ("The first line.", "The one line.")


@dataclass
class Typist:
    """Presses keys in a window and writes down what it pressed and how long it took."""

    display: str
    window: str = ""
    rows: list[tuple[str, str, float]] = field(default_factory=list)

    def press(self, *keys: str) -> None:
        """Press keys one after the other, by their X names ("Return", "ctrl+alt+Return")."""
        self._ask("key", "--clearmodifiers", "--delay", "30", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._ask("type", "--delay", "15", text)

    def act(
        self, what: str, keys: Sequence[str], done: Callable[[], bool], text: str = "", *last: str
    ) -> None:
        """Press keys, type a text, press the last keys, and wait for what they should do.

        Raises:
            AssertionError: it does not come about.
        """
        began = time.monotonic()
        self.press(*keys)
        if text:
            time.sleep(0.2)
            self.type(text)
        if last:
            self.press(*last)
        while not done():
            assert time.monotonic() - began < _WAIT_S, f"{what}: {' '.join(keys)} did nothing"
            time.sleep(0.02)
        shown = " ".join([*keys, *([f'"{text}"'] if text else []), *last])
        self.rows.append((what, shown, time.monotonic() - began))
        print(f"{self.rows[-1][2]:6.2f} s  {what:46} {shown}", flush=True)

    def pause(self, seconds: float = 1.2) -> None:
        """Let the window read a proposal, as a person would."""
        time.sleep(seconds)

    def _ask(self, *words: str) -> str:
        answer = subprocess.run(
            ["xdotool", *words],
            env={**os.environ, "DISPLAY": self.display},
            capture_output=True,
            text=True,
            check=True,
        )
        return answer.stdout.strip()

    def find(self) -> None:
        """Wait for the window and give it the keyboard."""
        began = time.monotonic()
        while not self.window:
            assert time.monotonic() - began < _WAIT_S, "no window came up"
            time.sleep(0.2)
            found = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--name", "Skill Workbench"],
                env={**os.environ, "DISPLAY": self.display},
                capture_output=True,
                text=True,
                check=False,
            )
            self.window = found.stdout.split("\n")[0].strip()
        self._ask("windowsize", self.window, "1280", "800")
        self._ask("windowfocus", self.window)


def ten_proposals(world: ReviewWorld) -> None:
    """Store a proposal for each of ten skills."""
    for name in _NAMES:
        (world.library / name).mkdir()
        text = SKILL.replace("name: demo", f"name: {name}")
        (world.library / name / "SKILL.md").write_text(text)
    shutil.rmtree(world.library / "demo")
    world.git("add", "--all")
    world.git("commit", "--quiet", "--message=ten skills")
    for number, name in enumerate(_NAMES):
        pairs = [_STEP] if number % 2 else [_STEP, _OPENING]
        made = _propose(world, name, f"p{number + 1:02}", pairs)
        world.store.update(msgspec.structs.replace(made, engine=Engine("miner", "1.0")))


def _propose(
    world: ReviewWorld, skill: str, name: str, pairs: Sequence[tuple[str, str]]
) -> Proposal:
    text = (world.library / skill / "SKILL.md").read_text()
    for old, new in pairs:
        text = text.replace(old, new)
    made = world.propose(name, {f"{skill}/SKILL.md": text})
    draft = msgspec.structs.replace(made.draft, skills=(skill,), title=f"Better words in {skill}")
    changed = msgspec.structs.replace(made, draft=draft)
    world.store.update(changed)
    return changed


@contextmanager
def on_x(number: int) -> Iterator[str]:
    """Run an X server and yield the name of its display."""
    display = f":{number}"
    server = subprocess.Popen(
        ["Xvfb", display, "-screen", "0", "1300x820x24"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1.5)
        yield display
    finally:
        server.terminate()
        server.wait()


def review(typist: Typist, world: ReviewWorld) -> None:
    """Go through ten proposals, each with another act."""
    store = world.store

    def status(name: str) -> str:
        return store.get(name).status

    def is_(name: str, *wanted: str) -> Callable[[], bool]:
        return lambda: status(name) in wanted

    def verdicts(name: str) -> dict[str, str]:
        decisions = store.decisions(name)
        last = decisions[-1].verdicts if decisions else ()
        return {one.hunk: one.verdict for one in last}

    def apply(name: str) -> None:
        typist.pause(0.8)
        typist.act(f"{name}: the page of the apply", ("ctrl+alt+Return",), lambda: True)
        typist.pause()
        typist.act(f"{name}: apply", ("Return",), is_(name, "applied"))
        typist.pause()

    typist.press("ctrl+6")
    typist.pause(4)
    typist.act("p01: accept both hunks", ("Return", "a", "a"), is_("p01", "accepted"))
    apply("p01")
    typist.act("p01: revert", ("ctrl+shift+p",), is_("p01", "reverted"), "Revert applied", "Return")
    typist.pause()
    _next(typist)
    typist.act("p02: accept", ("a",), is_("p02", "accepted"))
    typist.act("p02: undo", ("u",), is_("p02", "pending"))
    typist.act("p02: reject, too specific", ("r", "2", "Return"), is_("p02", "rejected"))
    _next(typist)
    typist.act("p03: accept the first of two", ("Return", "a"), is_("p03", "partly_accepted"))
    apply("p03")
    _next(typist)
    typist.act(
        "p04: edit, then accept",
        ("e", "ctrl+a"),
        is_("p04", "accepted"),
        "2. Two, with care",
        "ctrl+Return",
    )
    apply("p04")
    _next(typist)
    typist.act(
        "p05: defer",
        ("d", "d"),
        lambda: set(verdicts("p05").values()) == {"defer"},
    )
    _next(typist)
    typist.act(
        "p06: reject with a comment",
        ("r", "1", "Tab"),
        is_("p06", "rejected"),
        "It was slow before",
        "Return",
    )
    _next(typist)
    typist.act(
        "p07: comment on a line",
        ("c", "Return"),
        lambda: bool(store.comments("p07")),
        "Why slowly?",
        "ctrl+Return",
    )
    typist.act("p07: accept both", ("a", "a"), is_("p07", "accepted"))
    apply("p07")
    _next(typist)
    typist.act("p08: not the skill's fault", ("r", "6", "Return"), is_("p08", "rejected"))
    _next(typist)
    typist.act(
        "p09 and p10: reject both at once",
        ("Escape", "shift+Down", "shift+Down", "r", "5", "Return"),
        lambda: {status("p09"), status("p10")} == {"rejected"},
    )


def _next(typist: Typist) -> None:
    typist.press("Escape")
    typist.pause(0.3)
    typist.press("j")
    typist.pause()


def main() -> int:
    """Run the review and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=Path, help="keep a picture of the end here")
    parser.add_argument("--display", type=int, default=91)
    arguments = parser.parse_args()
    for program in ("Xvfb", "xdotool"):
        if shutil.which(program) is None:
            print(f"{program} is not installed.", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as home, on_x(arguments.display) as display:
        os.environ["SKILL_WORKBENCH_HOME"] = f"{home}/own"
        from workbench.store.proposals import ProposalStore

        store = ProposalStore(UserFolders.default().proposals)
        world = make_world(Path(home), store)
        ten_proposals(world)
        environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        program = [sys.executable, "-m", "workbench", str(world.library)]
        window = subprocess.Popen(program, env=environment)
        try:
            typist = Typist(display)
            typist.find()
            typist.pause(5)
            review(typist, world)
        finally:
            if arguments.pictures is not None:
                shot = ["import", "-window", "root", str(arguments.pictures / "end.png")]
                subprocess.run(shot, env=environment, check=False)
            window.terminate()
            window.wait()
        print(f"{len(typist.rows)} acts in {sum(row[2] for row in typist.rows):.1f} s")
        print(world.git("log", "--format=%h %s", "-8"))
        print({one.id: one.status for one in store.list()})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
