"""What a plugin's ``context`` does, in a worker and in a test alike."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, cast, get_args

import msgspec

from workbench.domain.job import (
    EvalRequested,
    EvalResult,
    JobEvent,
    LlmRequested,
    Log,
    Progress,
    Request,
    TraceInput,
)
from workbench.domain.model_call import Completion, Prompt
from workbench.domain.proposal import Change
from workbench.domain.trace_lines import TraceHeader, TraceStep
from workbench.plugin.protocol import Answer, EvalAnswer, LlmAnswer
from workbench.plugin.stops import BudgetSpent, Cancelled, Unavailable

BLOBS = "blobs"
_Level = Literal["debug", "info", "warning", "error"]


class Inbox:
    """What the host said while the plugin runs; filled by one thread, read by another."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._cancelled = False
        self._answers: dict[str, Answer] = {}

    @property
    def cancelled(self) -> bool:
        """Whether the host asked to stop."""
        return self._cancelled

    def cancel(self) -> None:
        """Note that the host asked to stop."""
        with self._changed:
            self._cancelled = True
            self._changed.notify_all()

    def put(self, answer: Answer) -> None:
        """Hand over an answer."""
        with self._changed:
            self._answers[answer.id] = answer
            self._changed.notify_all()

    def wait_for(self, request_id: str) -> Answer | None:
        """Wait for the answer of that id; None when the job was cancelled meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._cancelled or request_id in self._answers)
            return self._answers.pop(request_id, None)


class RunContext:
    """Implements ``api.Context`` for one run."""

    def __init__(
        self,
        request: Request,
        run_dir: Path,
        emit: Callable[[JobEvent], None],
        inbox: Inbox,
        secrets: Mapping[str, str],
    ) -> None:
        self._request = request
        self._run_dir = run_dir
        self._emit = emit
        self._inbox = inbox
        self._secrets = dict(secrets)
        self._ids = itertools.count(1)

    @property
    def workdir(self) -> Path:
        """The folder of this run where the plugin may write."""
        return Path(self._request.workdir)

    def progress(self, fraction: float, text: str = "") -> None:
        """Report how far the job is, 0..1."""
        self._emit(Progress(fraction=min(1.0, max(0.0, fraction)), text=text))

    def log(self, text: str, level: str = "info") -> None:
        """Write a line to the job's log; an unknown level counts as info."""
        known = level if level in get_args(_Level) else "info"
        self._emit(Log(level=cast("_Level", known), text=text))

    def check_cancelled(self) -> None:
        """Raise ``Cancelled`` when the user asked to stop."""
        if self._inbox.cancelled:
            raise Cancelled

    def read_trace(self, trace: TraceInput) -> tuple[TraceHeader, Iterator[TraceStep]]:
        """Open a normalised trace; steps are read one by one."""
        path = Path(trace.path)
        with path.open("rb") as stream:
            header = msgspec.json.decode(stream.readline(), type=TraceHeader)
            start = stream.tell()
        return header, _steps(path, start)

    def blob(self, data: bytes) -> str:
        """Keep binary content beside the run; return its SHA-256 for ``Change.blob``."""
        digest = hashlib.sha256(data).hexdigest()
        folder = self._run_dir / BLOBS
        folder.mkdir(exist_ok=True)
        path = folder / digest
        if not path.exists():
            path.write_bytes(data)
        return digest

    def evaluate(
        self,
        candidate: str,
        tasks: Sequence[str] = (),
        *,
        changes: Sequence[Change] = (),
        without: Sequence[str] = (),
        runs: int = 1,
    ) -> tuple[EvalResult, ...]:
        """Ask the host to run tasks on a candidate and wait for the results."""
        self.check_cancelled()
        request_id = f"eval-{next(self._ids)}"
        self._emit(
            EvalRequested(
                id=request_id,
                candidate=candidate,
                tasks=tuple(tasks),
                changes=tuple(changes),
                without=tuple(without),
                runs=runs,
            )
        )
        answer = self._inbox.wait_for(request_id)
        if answer is None:
            raise Cancelled
        assert isinstance(answer, EvalAnswer)
        if answer.refusal == "budget":
            raise BudgetSpent(answer.refused)
        if answer.refused:
            raise Unavailable(answer.refused)
        return answer.results

    def complete(self, prompt: Prompt) -> Completion:
        """Ask a model and wait for its answer."""
        (answer,) = self.complete_all((prompt,))  # raises when the budget is spent
        if answer.refused:
            raise Unavailable(answer.refused)
        return answer

    def complete_all(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Ask many things at once; answers come in the order of the prompts."""
        self.check_cancelled()
        asked: list[str] = []
        for prompt in prompts:
            asked.append(f"llm-{next(self._ids)}")
            self._emit(LlmRequested(id=asked[-1], prompt=prompt))
        spent = ""
        for request_id in asked:
            answer = self._inbox.wait_for(request_id)
            if answer is None:
                raise Cancelled
            assert isinstance(answer, LlmAnswer)
            if answer.completion.refusal == "budget":
                spent = spent or answer.completion.refused
            yield answer.completion
        if spent:
            raise BudgetSpent(spent)

    def secret(self, name: str) -> str | None:
        """Return a secret that the manifest declares and the user granted, else None."""
        return self._secrets.get(name)


def _steps(path: Path, start: int) -> Iterator[TraceStep]:
    decoder = msgspec.json.Decoder(TraceStep)
    with path.open("rb") as stream:
        stream.seek(start)
        for line in stream:
            if line.strip():
                yield decoder.decode(line)
