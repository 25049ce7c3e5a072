"""Published samples: every one opens, nothing is lost, every text leads to its bytes."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.traces.export_atif import to_atif
from workbench.traces.json_values import line_records
from workbench.traces.open import OpenTrace, detect, open_traces

pytestmark = pytest.mark.corpus

#: What there is at least, so that a pattern that finds nothing fails.
_SAMPLES = {
    "codex-rollout": (
        [
            "traces/agent-sessions-fixtures/jazzyalex/Resources/Fixtures/codex_*.jsonl",
            "traces/agent-sessions-fixtures/jazzyalex/Resources/Fixtures/stage0/agents/codex/*.jsonl",
            "traces/agentsview-fixtures/*/internal/parser/testdata/codex/*.jsonl",
            "traces/agentsview-fixtures/*/internal/parser/testdata/traex/*.jsonl",
            "traces/letta-trajectory/letta/fixtures/codex/*/input.jsonl",
            "traces/atif-make-fixtures/codex-rollout.jsonl",
        ],
        22,
    ),
    "codex-exec": (["traces/atif-make-fixtures/codex-exec.jsonl"], 1),
    "run-log": (["evolution/spark/*/trajectory.jsonl"], 31),
    "swe-agent": (["traces/swe-agent/**/*.traj"], 19),
    "atif": (
        [
            "traces/agentpile-fixtures/atif_*.json*",
            "traces/letta-trajectory/letta/fixtures/atif/*/input.json",
        ],
        4,
    ),
}


def samples(corpus: Path, format_id: str) -> list[Path]:
    patterns, least = _SAMPLES[format_id]
    found = sorted(path for pattern in patterns for path in corpus.glob(pattern))
    assert len(found) >= least
    return found


def all_traces(path: Path) -> Iterator[OpenTrace]:
    """Yield each trace of a file, then its subagents, which live as long as it does."""
    for trace in open_traces(path):
        with trace:
            waiting = [trace]
            while waiting:
                one = waiting.pop()
                waiting += one.children
                yield one


def texts_of(trace: OpenTrace, index: int) -> Iterator[str]:
    """Yield the texts of a step; texts joined from several parts in pieces."""
    body = trace.body(index)
    for call in body.tool_calls:
        yield call.arguments
        yield from (call.observation or "").split("\n\n")
    for text in (body.text, body.reasoning):
        yield from text.split("\n\n")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("format_id", _SAMPLES)
def test_every_text_leads_to_its_exact_bytes(corpus: Path, format_id: str) -> None:
    chosen = random.Random(7)
    tried = 0
    for path in samples(corpus, format_id):
        assert detect(path) == format_id, path
        for trace in all_traces(path):
            steps = trace.trajectory.steps
            for step in chosen.sample(steps, min(len(steps), 12)):
                for text in filter(None, (part.strip() for part in texts_of(trace, step.index))):
                    start = chosen.randrange(len(text))
                    quote = text[start : start + chosen.randint(1, 300)]
                    span = trace.locate(step.index, quote)
                    assert span is not None, (path, trace.trajectory.id, step.index, quote)
                    assert trace.text(span) == quote
                    tried += 1
    assert tried


@pytest.mark.timeout(300)
@pytest.mark.parametrize("format_id", _SAMPLES)
def test_every_sample_is_shown_whole_and_exports(corpus: Path, format_id: str) -> None:
    for path in samples(corpus, format_id):
        for trace in all_traces(path):
            made = trace.trajectory
            assert made.format == format_id
            assert [step.index for step in made.steps] == list(range(len(made.steps)))
            assert len({step.uid for step in made.steps}) == len(made.steps)
            calls = [call.id for step in made.steps for call in step.tool_calls]
            assert len(set(calls)) == len(calls)
            assert made.loss.lines > 0
            assert len(to_atif(trace)["steps"]) == len(made.steps)


@pytest.mark.parametrize("format_id", ["codex-rollout", "codex-exec"])
def test_every_record_is_in_the_ledger_once(corpus: Path, format_id: str) -> None:
    for path in samples(corpus, format_id):
        records = list(line_records(path.read_bytes()))
        (trace,) = open_traces(path)
        with trace:
            assert trace.trajectory.loss.lines == len(records), path


def test_the_published_models_accept_what_is_exported(corpus: Path) -> None:
    atif = pytest.importorskip("atif", reason="the published ATIF models are not installed")
    for format_id in _SAMPLES:
        for path in samples(corpus, format_id)[:8]:
            for trace in open_traces(path):
                with trace:
                    atif.Trajectory.model_validate(to_atif(trace))


def test_no_other_sample_is_taken_for_one_of_these(corpus: Path) -> None:
    known = {path for format_id in _SAMPLES for path in samples(corpus, format_id)}
    taken = [
        path
        for path in sorted((corpus / "traces").rglob("*.json*"))
        if path.is_file() and path not in known and detect(path) in _SAMPLES
    ]
    assert taken == []


def test_outcomes_of_the_run_logs(corpus: Path) -> None:
    counted: Counter[str] = Counter()
    for path in samples(corpus, "run-log"):
        for trace in open_traces(path):
            with trace:
                counted[trace.trajectory.outcome.status] += 1
                assert trace.trajectory.title == path.parent.name
    assert counted == {"pass": 25, "fail": 51, "timeout": 17, "infra": 5}
