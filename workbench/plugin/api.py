"""All that a plugin may import from the workbench.

A plugin is a folder with ``plugin.toml`` and a package. Its entry point is a typed function
``(request, context) -> iterable of values``. What it yields goes to the host: ``Finding``,
``SkillScanned``, ``ProposalDraft`` or any job event (a ``trace_reader`` yields ``TraceHeader`` and
``TraceStep`` of the file ``request.source``); a ``Finished`` ends the job with that status
("infra_blocked", "budget" ...), otherwise the host says how it went. It gets a copy of the library
and can change nothing else: the host decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from workbench.domain.finding import Capabilities, Coverage, Finding, FlowStep, Level
from workbench.domain.job import (
    Budget,
    Candidate,
    Diagnosis,
    DocumentInput,
    EvalResult,
    EvidenceFound,
    FindingEvent,
    Finished,
    GateEvent,
    JobEvent,
    LlmCall,
    Log,
    ModelInput,
    PastDecision,
    Progress,
    ProposalEvent,
    Request,
    SkillInput,
    SkillScanned,
    Stage,
    Started,
    StoredResult,
    TaskInput,
    TraceInput,
    TraceLabel,
    Warning_,
)
from workbench.domain.model_call import ChatMessage, Completion, Prompt
from workbench.domain.proposal import (
    Change,
    Evidence,
    Lineage,
    ProposalDraft,
    Score,
    SectionOp,
)
from workbench.domain.task import CriterionResult
from workbench.domain.trace_lines import (
    TraceCall,
    TraceHeader,
    TraceLoss,
    TraceOrigin,
    TraceSkillEvent,
    TraceStep,
    TraceUnparsed,
)
from workbench.domain.trajectory import ByteSpan, Metrics
from workbench.plugin.engine_run import (
    Asker,
    Question,
    SkillGroup,
    blocked,
    by_skill,
    cited,
    number_setting,
    past_words,
    repeats,
    skill_groups,
    turned_down,
    usable,
)
from workbench.plugin.loose_values import as_count, as_list, as_mapping, as_number, as_text
from workbench.plugin.package_calls import Halt, PackageCalls, relayed
from workbench.plugin.prompt_files import Data, PromptFile, PromptProblem, read_prompts
from workbench.plugin.quote_check import EVIDENCE_SCHEMA, QuoteCheck, renamed
from workbench.plugin.run_folder import RunFolder, SourceProblem
from workbench.plugin.run_skills import (
    SkillFinder,
    front_and_body,
    new_skill_text,
    path_in,
    skill_file,
    text_with_body,
    tree_changes,
    with_line_ends_of,
)
from workbench.plugin.run_text import TextChange, change_to_text
from workbench.plugin.skill_checks import FormatProblem, format_problems
from workbench.plugin.skill_locks import broken_locks, is_locked
from workbench.plugin.skill_patch import Claim, Generality, Patched, SkillTexts, support
from workbench.plugin.stops import BudgetSpent, Cancelled, Unavailable
from workbench.plugin.text_edits import (
    EDIT_OPS,
    EditProblem,
    Placed,
    TextEdit,
    conflict,
    edit_schema,
    headings,
    numbered,
    place,
    read_edit,
    read_edits,
)
from workbench.plugin.trace_text import TraceText, cut, read_trace_texts, step_text

API_VERSION = "1.0"


class Context(Protocol):
    """What a plugin may do besides yielding values."""

    @property
    def workdir(self) -> Path:
        """The folder of this run where the plugin may write."""
        ...

    def progress(self, fraction: float, text: str = "") -> None:
        """Report how far the job is, 0..1."""
        ...

    def log(self, text: str, level: str = "info") -> None:
        """Write a line to the job's log."""
        ...

    def check_cancelled(self) -> None:
        """Raise ``Cancelled`` when the user asked to stop; call it in every loop."""
        ...

    def read_trace(self, trace: TraceInput) -> tuple[TraceHeader, Iterator[TraceStep]]:
        """Open a normalised trace; steps are read one by one."""
        ...

    def blob(self, data: bytes) -> str:
        """Keep binary content beside the run; return its SHA-256 for ``Change.blob``."""
        ...

    def evaluate(
        self,
        candidate: str,
        tasks: Sequence[str] = (),
        *,
        changes: Sequence[Change] = (),
        without: Sequence[str] = (),
        runs: int = 1,
    ) -> tuple[EvalResult, ...]:
        """Ask the host to run tasks on a candidate and wait for the results.

        The candidate is the library of the request with ``changes`` applied and the skills
        ``without`` left out. ``candidate`` is the engine's name for it. No tasks means all.

        Raises:
            Unavailable: there is no runner, or it refuses.
            BudgetSpent: the runs the user allowed are done.
            Cancelled: the user stopped the job meanwhile.
        """
        ...

    def complete(self, prompt: Prompt) -> Completion:
        """Ask a model, through the host, and wait for its answer.

        Raises:
            Unavailable: there is no model for the role, or the call failed for good.
            BudgetSpent: the tokens or the money the user allowed are spent.
            Cancelled: the user stopped the job meanwhile.
        """
        ...

    def complete_all(self, prompts: Iterable[Prompt]) -> Iterator[Completion]:
        """Ask many things at once, as many together as the endpoint allows.

        Answers come in the order of the prompts. A call that failed, or for which nothing was left,
        gives a completion that says so in ``refused``; the others go on.

        Raises:
            BudgetSpent: after the last answer, when the budget did not reach for all of them.
            Cancelled: as in ``complete``.
        """
        ...

    def secret(self, name: str) -> str | None:
        """Return a secret that the manifest declares and the user granted, else None."""
        ...


class EntryPoint(Protocol):
    """The function a manifest names as ``entry``."""

    def __call__(
        self, request: Request, context: Context
    ) -> Iterable[Finding | ProposalDraft | JobEvent | TraceHeader | TraceStep]:
        """Do the job."""
        ...


__all__ = [
    "API_VERSION",
    "EDIT_OPS",
    "EVIDENCE_SCHEMA",
    "Asker",
    "Budget",
    "BudgetSpent",
    "ByteSpan",
    "Cancelled",
    "Candidate",
    "Capabilities",
    "Change",
    "ChatMessage",
    "Claim",
    "Completion",
    "Context",
    "Coverage",
    "CriterionResult",
    "Data",
    "Diagnosis",
    "DocumentInput",
    "EditProblem",
    "EntryPoint",
    "EvalResult",
    "Evidence",
    "EvidenceFound",
    "Finding",
    "FindingEvent",
    "Finished",
    "FlowStep",
    "FormatProblem",
    "GateEvent",
    "Generality",
    "Halt",
    "JobEvent",
    "Level",
    "Lineage",
    "LlmCall",
    "Log",
    "Metrics",
    "ModelInput",
    "PackageCalls",
    "PastDecision",
    "Patched",
    "Placed",
    "Progress",
    "Prompt",
    "PromptFile",
    "PromptProblem",
    "ProposalDraft",
    "ProposalEvent",
    "Question",
    "QuoteCheck",
    "Request",
    "RunFolder",
    "Score",
    "SectionOp",
    "SkillFinder",
    "SkillGroup",
    "SkillInput",
    "SkillScanned",
    "SkillTexts",
    "SourceProblem",
    "Stage",
    "Started",
    "StoredResult",
    "TaskInput",
    "TextChange",
    "TextEdit",
    "TraceCall",
    "TraceHeader",
    "TraceInput",
    "TraceLabel",
    "TraceLoss",
    "TraceOrigin",
    "TraceSkillEvent",
    "TraceStep",
    "TraceText",
    "TraceUnparsed",
    "Unavailable",
    "Warning_",
    "as_count",
    "as_list",
    "as_mapping",
    "as_number",
    "as_text",
    "blocked",
    "broken_locks",
    "by_skill",
    "change_to_text",
    "cited",
    "conflict",
    "cut",
    "edit_schema",
    "format_problems",
    "front_and_body",
    "headings",
    "is_locked",
    "new_skill_text",
    "number_setting",
    "numbered",
    "past_words",
    "path_in",
    "place",
    "read_edit",
    "read_edits",
    "read_prompts",
    "read_trace_texts",
    "relayed",
    "renamed",
    "repeats",
    "skill_file",
    "skill_groups",
    "step_text",
    "support",
    "text_with_body",
    "tree_changes",
    "turned_down",
    "usable",
    "with_line_ends_of",
]
