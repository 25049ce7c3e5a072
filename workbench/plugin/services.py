"""What the host does for a plugin that runs: tasks are run and models asked by the host alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.domain.job import AnyEvent, EvalRequested, LlmRequested
from workbench.domain.model_call import Completion
from workbench.plugin.protocol import Answer, EvalAnswer, LlmAnswer

#: Takes an answer and sends it to the plugin that asked; may be called from any thread.
Reply = Callable[[Answer], None]


@dataclass(frozen=True)
class HostServices:
    """Both are called in the job's reader thread: they return at once and reply later."""

    evaluate: Callable[[EvalRequested, Reply], None] | None = None
    complete: Callable[[LlmRequested, Reply], None] | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to serve."""
        return self.evaluate is not None or self.complete is not None

    def serve(self, event: AnyEvent, reply: Reply) -> None:
        """Have a request answered; one that nobody serves is refused in words."""
        if isinstance(event, EvalRequested):
            if self.evaluate is not None:
                self.evaluate(event, reply)
                return
            words = "There is no runner for this job: tasks cannot be run."
            reply(EvalAnswer(event.id, refused=words, refusal="unavailable"))
        elif isinstance(event, LlmRequested):
            if self.complete is not None:
                self.complete(event, reply)
                return
            words = "There is no model for this job: choose an endpoint."
            reply(LlmAnswer(event.id, Completion(refused=words, refusal="unavailable")))
