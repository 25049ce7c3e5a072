"""An agent's own command line as a runner: a template with prompt and skills folder.

For example ``["my-agent", "--print", "{prompt}", "--skills", "{skills}"]``. Placeholders:
``{prompt}``, ``{prompt_file}``, ``{skills}``, ``{work}`` and ``{model}``. What it prints is its
answer. A trace it leaves below its folder (``traces`` is a pattern such as
``.claude/projects/**/*.jsonl``) is kept as evidence.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.task import Task
from workbench.evaluation.runner import Capabilities, RunLimits, RunOutcome, RunPlace, infra
from workbench.evaluation.sandbox import Sandbox
from workbench.evaluation.verify import Verifier
from workbench.files import sha256

PROMPT_FILE = ".prompt.txt"
_NOT_RUN = (126, 127)
_SHOWN = 400
_PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


class CommandTemplate(Struct, frozen=True):
    """How an agent is started. ``environment`` holds what it needs besides, such as its model."""

    argv: tuple[str, ...]
    model: str = ""
    environment: dict[str, str] = {}
    traces: str = ""
    network: bool = False


class CommandRunner:
    """Starts the agent in the sandbox, then the verifier."""

    def __init__(
        self,
        template: CommandTemplate,
        sandbox: Sandbox,
        verifier: Verifier,
        grants: Mapping[str, str] | None = None,
    ) -> None:
        """Build it; ``grants`` are variables with keys of this run, which are kept nowhere."""
        self._template = template
        self._sandbox = sandbox
        self._verifier = verifier
        self._grants = dict(grants or {})

    @property
    def capabilities(self) -> Capabilities:
        """What it is; the version is a hash of the template."""
        return Capabilities(
            "command",
            sha256(msgspec.json.encode(self._template, order="deterministic"))[:16],
            model=self._template.model,
            needs_network=self._template.network,
        )

    def run(
        self,
        task: Task,
        place: RunPlace,
        limits: RunLimits,
        seed: int,
        cancelled: Callable[[], bool],
    ) -> RunOutcome:
        """Run the agent on one task."""
        (place.work / PROMPT_FILE).write_text(task.prompt, encoding="utf-8")
        work, skills = self._sandbox.inside(place.work, place.skills)
        words = {
            "{prompt}": task.prompt,
            "{prompt_file}": f"{work}/{PROMPT_FILE}",
            "{skills}": skills if place.skills is not None else "",
            "{work}": work,
            "{model}": self._template.model,
            "{seed}": str(seed),
        }
        ran = self._sandbox.run(
            [_filled(item, words) for item in self._template.argv],
            place.work,
            replace(limits, network=limits.network or self._template.network),
            skills=place.skills,
            environment={**self._template.environment, **self._grants},
            cancelled=cancelled,
            seconds=task.timeout_s,
        )
        if ran.ended in ("cancelled", "not_started") or ran.code in _NOT_RUN:
            return infra(f"the agent did not run: {ran.output[-_SHOWN:] or ran.ended}")
        trace = self._trace(place)
        if ran.ended == "timeout":
            return RunOutcome(
                "timeout", 0.0, detail="out of time", trace=trace, seconds=ran.seconds
            )
        found = self._verifier.verdict(task, place.work, ran.output, limits, cancelled)
        return replace(found, answer=ran.output, trace=trace, seconds=ran.seconds)

    def _trace(self, place: RunPlace) -> str:
        """Keep the newest trace the agent left; return its path."""
        if not self._template.traces:
            return ""
        left = [
            path
            for path in place.work.glob(self._template.traces)
            if path.is_file() and not path.is_symlink()
        ]
        if not left:
            return ""
        newest = max(left, key=lambda path: path.stat().st_mtime)
        kept = place.trace.with_suffix(newest.suffix)
        shutil.copyfile(newest, kept)
        return str(kept)


def _filled(item: str, words: Mapping[str, str]) -> str:
    """Put words in for placeholders in one pass: a prompt that says "{work}" stays as it is."""
    return _PLACEHOLDER.sub(lambda found: words.get(found[0], found[0]), item)
