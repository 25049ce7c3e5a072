"""What the built-in agent did, written step by step as a trajectory of our own JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from workbench.domain.task import Task
from workbench.domain.trace_lines import TraceCall, TraceHeader, TraceSkillEvent, TraceStep

_ARGUMENT = {"shell": "command", "read": "path", "write": "path"}


class LoopTrace:
    """Gathers the steps of one run; ``close`` writes the file."""

    def __init__(self, path: Path, task: Task, model: str, listed: tuple[str, ...]) -> None:
        self._path = path
        self._task = task
        self._model = model
        self._listed = listed
        self._known: frozenset[str] = frozenset()
        events = tuple(TraceSkillEvent(one, "listed", confidence="explicit") for one in listed)
        self._steps = [TraceStep(0, "prompt", "user", task.prompt, turn=1, skill_events=events)]

    def acted(
        self, action: Mapping[str, object], seen: str, *, failed: bool, skills: frozenset[str]
    ) -> None:
        """Note an action with what came of it, and which skills were read by now."""
        number = len(self._steps)
        name = str(action["action"])
        arguments = {key: value for key, value in action.items() if key != "action"}
        call = TraceCall(
            id=f"call-{number}",
            name=name,
            argument=str(action.get(_ARGUMENT.get(name, ""), "")),
            arguments=json.dumps(arguments, ensure_ascii=False),
            status="error" if failed else "ok",
            exit_code=None,
            observation=seen,
        )
        events = tuple(
            TraceSkillEvent(skill, "loaded", "model", "explicit")
            for skill in sorted(skills - self._known)
        )
        self._known = skills
        self._steps.append(
            TraceStep(
                number,
                f"step-{number}",
                "agent",
                "",
                turn=1,
                calls=(call,),
                model=self._model,
                skill_events=events,
            )
        )

    def answered(self, text: str) -> None:
        """Note the answer."""
        number = len(self._steps)
        self._steps.append(
            TraceStep(number, f"step-{number}", "agent", text, turn=1, model=self._model)
        )

    def close(self, outcome: str, reward: float | None, loaded: tuple[str, ...]) -> None:
        """Write the trace."""
        header = TraceHeader(
            id=self._path.stem,
            format="skill-workbench-loop",
            agent="built-in loop",
            model=self._model,
            task=self._task.id,
            title=self._task.prompt.strip().splitlines()[0][:120] if self._task.prompt else "",
            outcome=outcome,
            reward=reward,
            skills_listed=self._listed,
            skills_loaded=loaded,
            steps=len(self._steps),
        )
        lines = [msgspec.json.encode(line) for line in (header, *self._steps)]
        self._path.write_bytes(b"\n".join(lines) + b"\n")
