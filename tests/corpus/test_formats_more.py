"""Published samples of the formats beyond the first ones: all open, all texts lead to bytes."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.test_formats_agents import all_traces, texts_of
from workbench.traces.export_atif import to_atif
from workbench.traces.importer import TraceError
from workbench.traces.index.sight import first_screen
from workbench.traces.open import detect, open_traces, trace_files

pytestmark = pytest.mark.corpus

_STAGE = "traces/agent-sessions-fixtures/jazzyalex/Resources/Fixtures/stage0/agents"
_VIEW = "traces/agentsview-fixtures/*/internal/parser/testdata"
_LETTA = "traces/letta-trajectory/letta/fixtures"

#: Patterns, and what there is at least, so that a pattern that finds nothing fails.
_SAMPLES = {
    "gemini-cli": (
        [f"{_STAGE}/gemini/*", f"{_VIEW}/gemini/*.json", f"{_LETTA}/gemini-cli/*/input.json"],
        15,
    ),
    "pi": (
        [
            f"{_STAGE}/pi/*.jsonl",
            f"{_STAGE}/openclaw/*.jsonl",
            f"{_VIEW}/pi/*.jsonl",
            *(f"{_LETTA}/{agent}/*/input.jsonl" for agent in ("pi", "omp", "openclaw")),
            "traces/pi-openclaw/**/*.jsonl",
        ],
        53,
    ),
    "openai-chat": (
        [
            "traces/openhands/**/llm_data/**/*.json",
            "traces/agentpile-fixtures/tools/multimodal_messages.json",
            f"{_LETTA}/hermes/*/input.json",
            f"{_VIEW}/vibe/*tools/messages.jsonl",
        ],
        16,
    ),
    "anthropic-messages": (["traces/atif-make-fixtures/sleight-bench.jsonl"], 1),
    "mini-swe-agent": (["traces/mini-swe-agent/**/*.traj.json"], 2),
    "openhands": (["traces/openhands/OpenHands/**/*.json*"], 6),
    "openhands-v1": (
        [f"{_LETTA}/openhands/*/input.json", "traces/openhands/**/fixtures/events.jsonl"],
        3,
    ),
    "opencode": (
        [f"{_LETTA}/opencode/*/input.json", f"{_STAGE}/opencode/*/session/*/*.json"],
        5,
    ),
    "inspect-ai": (
        [
            "traces/inspect/**/*.eval",
            "traces/inspect/**/*.json",
            "traces/atif-make-fixtures/*.eval",
        ],
        20,
    ),
    "otlp": (
        [
            "traces/agentpile-fixtures/otlp/*ai_*",
            "traces/agentpile-fixtures/otlp/openai_*",
            "traces/otel/open-agent-traces/*.json",
            "traces/agentsview-fixtures/**/*_traces.jsonl",
        ],
        9,
    ),
    "langfuse": (["traces/otel/agent-prism/**/langfuse-*.json"], 3),
    "adk": (["traces/adk/**/*.json"], 14),
    "copilot-cli": (
        [
            f"{_STAGE}/copilot/**/*.jsonl",
            "traces/atif-make-fixtures/copilot-cli.jsonl",
            f"{_LETTA}/copilot-cli/*/input.jsonl",
        ],
        7,
    ),
    "cursor": (
        [
            f"{_STAGE}/cursor/**/*.jsonl",
            f"{_LETTA}/cursor/*/input.jsonl",
            "traces/atif-make-fixtures/cursor-agent-transcript/*.jsonl",
        ],
        8,
    ),
}
_FORMATS = pytest.mark.parametrize("format_id", _SAMPLES)
#: Samples with nothing to count: a session without events.
_EMPTY = {"initial.session.json"}


def samples(corpus: Path, format_id: str) -> list[Path]:
    patterns, least = _SAMPLES[format_id]
    found = {path for pattern in patterns for path in corpus.glob(pattern) if path.is_file()}
    assert len(found) >= least
    return sorted(found)


def _quotes(texts: Iterator[str], chosen: random.Random) -> Iterator[str]:
    for text in filter(None, (part.strip() for part in texts)):
        start = chosen.randrange(len(text))
        yield text[start : start + chosen.randint(1, 300)]


@pytest.mark.timeout(300)
@_FORMATS
def test_every_text_leads_to_its_exact_bytes(corpus: Path, format_id: str) -> None:
    chosen = random.Random(11)
    tried = 0
    for path in samples(corpus, format_id):
        assert detect(path) == format_id, path
        for trace in all_traces(path):
            steps = trace.trajectory.steps
            for step in chosen.sample(steps, min(len(steps), 15)):
                for quote in _quotes(texts_of(trace, step.index), chosen):
                    span = trace.locate(step.index, quote)
                    assert span is not None, (path, trace.trajectory.id, step.index, quote)
                    assert trace.text(span) == quote
                    tried += 1
    assert tried


@pytest.mark.timeout(300)
@_FORMATS
def test_every_sample_is_shown_whole_and_exports(corpus: Path, format_id: str) -> None:
    for path in samples(corpus, format_id):
        for trace in all_traces(path):
            made = trace.trajectory
            assert made.format == format_id
            assert [step.index for step in made.steps] == list(range(len(made.steps)))
            assert len({step.uid for step in made.steps}) == len(made.steps)
            calls = [call.id for step in made.steps for call in step.tool_calls]
            assert len(set(calls)) == len(calls)
            ignored = sum(entry.count for entry in made.loss.ignored)
            loss = made.loss
            counted = loss.mapped + loss.attached + loss.duplicate + ignored + len(loss.unparsed)
            assert loss.lines == counted
            if path.name not in _EMPTY:
                assert made.steps, path
                assert loss.lines > 0
                assert len(to_atif(trace)["steps"]) == len(made.steps)


@_FORMATS
def test_the_first_screen_of_every_sample_is_its_beginning(corpus: Path, format_id: str) -> None:
    for path in samples(corpus, format_id):
        first = first_screen(path, steps=5)
        (trace, *rest) = open_traces(path)
        with trace:
            uids = [step.uid for step in trace.trajectory.steps[: len(first.steps)]]
            assert [step.uid for step in first.steps] == uids
        for other in rest:
            other.close()


@pytest.mark.timeout(300)
def test_no_other_sample_is_taken_for_one_of_these(corpus: Path) -> None:
    known = {path for format_id in _SAMPLES for path in samples(corpus, format_id)}
    allowed = {"openai-chat", "anthropic-messages"}  # what other agents keep as a plain chat
    taken = []
    for path in sorted((corpus / "traces").rglob("*")):
        if path.is_file() and path not in known:
            try:
                found = detect(path)
            except TraceError:
                continue
            if found in _SAMPLES and found not in allowed:
                taken.append((found, path))
    assert taken == []


def test_things_that_are_no_trace_are_not_taken_for_one(corpus: Path) -> None:
    for name in ("config_mcp.json", "not_a_trace.json", "tools/openai_tools.json"):
        assert detect(corpus / "traces/agentpile-fixtures" / name) is None


def test_folders_give_each_session_once(corpus: Path) -> None:
    storage = corpus / _STAGE / "opencode" / "storage_v2"
    assert len(trace_files(storage)) == 2
    assert len(trace_files(corpus / _STAGE / "cursor" / "subagent")) == 1


def test_known_facts_of_single_samples(corpus: Path) -> None:
    (trace,) = open_traces(corpus / "traces/atif-make-fixtures/inspect-eval.eval")
    with trace:
        assert trace.trajectory.outcome.reward == 0.8
        calls = [call for step in trace.trajectory.steps for call in step.tool_calls]
        assert {call.status for call in calls} == {"ok"}
        assert all(call.duration_s for call in calls)
    path = corpus / "traces/mini-swe-agent/mini-swe-agent/tests/test_data/github_issue.traj.json"
    (trace,) = open_traces(path)
    with trace:
        codes = [call.exit_code for step in trace.trajectory.steps for call in step.tool_calls]
        assert Counter(codes) == {0: 7, 1: 2, None: 1}
    path = corpus / "traces/openhands/OpenHands/tests/unit/resolver/mock_output/output.jsonl"
    traces = open_traces(path)
    assert [trace.trajectory.outcome.status for trace in traces] == ["pass", "pass"]
    for trace in traces:
        trace.close()
    path = corpus / "traces/agentpile-fixtures/otlp/pydantic_ai_2.58.0.json"
    first, second = open_traces(path)
    with first, second:
        assert (first.trajectory.totals.input, second.trajectory.totals.input) == (132, 52)
