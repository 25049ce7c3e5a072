"""Quotes a model picked, held to what the trace says: kept verbatim, mended, or dropped.

Models shorten, re-wrap and re-number what they quote. The host marks a quote that is not there as
unsupported; an engine looks first, takes the exact words where it can find them, and gives up the
rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

from workbench.domain.proposal import Evidence
from workbench.plugin.loose_values import as_list, as_mapping, as_text
from workbench.plugin.trace_text import TraceText, step_strings

Relation = Literal["failure", "fix", "success", "other"]
_RELATIONS: tuple[str, ...] = get_args(Relation)
_SHORTEST = 6
_LONGEST = 600
_PAIRS = frozenset((('"', '"'), ("'", "'"), ("`", "`"), ("“", "”"), ("‘", "’"), ("«", "»")))
_WRAPPED = "\"'`“”‘’«» \t\r\n"
#: What stands in a model's quote and not in the trace: cuts, its own dots, what the host hid.
_ELLIPSIS = re.compile(
    r"\[\.\.\. \d+ characters left out \.\.\.\]|\s*(?:\[?\.\.\.\]?|…)\s*|<?\bREDACTED_\w+>?"
)
#: Texts of so many traces are kept at hand; a quote is looked up in one trace after the other.
_KEPT_TRACES = 4

#: So many quotes of one claim are looked at. No schema says so: servers that turn a schema into a
#: grammar (llama.cpp) become very slow with lists of a bounded length.
_MOST = 12

#: What a model is asked for as evidence; put it into a schema.
EVIDENCE_SCHEMA: dict[str, object] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "run": {"type": "string"},
            "step": {"type": "integer"},
            "quote": {"type": "string"},
            "relation": {"enum": list(_RELATIONS)},
        },
        "required": ["step", "quote"],
    },
}


class QuoteCheck:
    """Looks quotes up in the traces of a request."""

    def __init__(self, traces: Iterable[TraceText]) -> None:
        self._traces = {trace.id: trace for trace in traces}
        self._kept: dict[str, Mapping[int, tuple[str, ...]]] = {}
        self.dropped = 0

    def evidence(self, given: object, runs: Sequence[str], prefix: str) -> tuple[Evidence, ...]:
        """Return what is left of a model's list of {run, step, quote, relation}.

        Args:
            given: what the model said; anything may be in it.
            runs: ids of the traces it was shown. With one, ``run`` may be left out.
            prefix: of the ids, which are unique in the draft when the prefixes are.
        """
        found: dict[tuple[str, int, str], Evidence] = {}
        for value in as_list(given)[:_MOST]:
            row = as_mapping(value)
            run = _run_of(as_text(row.get("run")), runs)
            step = row.get("step")
            if run is None or isinstance(step, bool) or not isinstance(step, int):
                self.dropped += 1
                continue
            place = self.exact(run, step, as_text(row.get("quote")))
            if place is None:
                self.dropped += 1
                continue
            relation = as_text(row.get("relation"))
            key = (run, *place)
            name = f"{prefix}{len(found) + 1}"
            one = Evidence(name, run, place[0], place[0], place[1], relation=_relation(relation))
            found.setdefault(key, one)
        return tuple(found.values())

    def exact(self, run: str, step: int, quote: str) -> tuple[int, str] | None:
        """Return the step and the exact words; None where the trace says nothing like it.

        The step named is looked at first, then those around it.
        """
        if run not in self._traces:
            return None
        texts = self._texts(run)
        for wanted in _readings(quote):
            for index in sorted(texts, key=lambda one: (abs(one - step), one)):
                words = next((w for text in texts[index] if (w := _found(text, wanted))), "")
                if words:
                    return index, words
        return None

    def _texts(self, run: str) -> Mapping[int, tuple[str, ...]]:
        if run not in self._kept:
            while len(self._kept) >= _KEPT_TRACES:
                del self._kept[next(iter(self._kept))]
            steps = self._traces[run].each_step()
            self._kept[run] = {step.index: step_strings(step) for step in steps}
        return self._kept[run]


def renamed(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return evidence of several sources, each quote of a step once."""
    found: dict[tuple[str, int, str], Evidence] = {}
    for one in evidence:
        found.setdefault((one.trace, one.step_first, one.quote), one)
    return tuple(found.values())


def _relation(text: str) -> Relation:
    return text if text in ("failure", "fix", "success") else "other"  # type: ignore[return-value]


def _run_of(named: str, runs: Sequence[str]) -> str | None:
    if named in runs:
        return named
    if len(runs) == 1:
        return runs[0]
    alike = [run for run in runs if named and (named in run or run in named)]
    return alike[0] if len(alike) == 1 else None


def _readings(quote: str) -> list[str]:
    """Return what may be meant, the likeliest first: as given, unwrapped, its longest piece."""
    plain = quote.strip()
    found = [plain, _unwrapped(plain), plain.strip(_WRAPPED)]
    if "\\n" in plain or '\\"' in plain:
        found.append(plain.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"'))
    for pieces in (_ELLIPSIS.split(plain), plain.splitlines()):
        if len(pieces) > 1:
            longest = sorted(map(str.strip, pieces), key=len, reverse=True)[:2]
            found += [reading for one in longest for reading in (one, one.strip(_WRAPPED))]
    return [one for one in dict.fromkeys(found) if len(one) >= _SHORTEST]


def _unwrapped(text: str) -> str:
    """Take off quotation marks that stand around the whole."""
    while len(text) > 2 and (text[0], text[-1]) in _PAIRS:
        text = text[1:-1].strip()
    return text


def _found(text: str, wanted: str) -> str:
    """Return the words of ``text`` that ``wanted`` is, apart from white space; "" for none."""
    if wanted in text:
        return _short(wanted)
    words = wanted.split()
    if len(words) < 2 or len(words) > 200 or words[0] not in text:
        return ""
    loose = re.search(r"\s+".join(map(re.escape, words)), text)
    return _short(loose[0]) if loose else ""


def _short(words: str) -> str:
    """Return the beginning of a long quote, to the end of a line where there is one."""
    if len(words) <= _LONGEST:
        return words
    kept = words[:_LONGEST]
    line = kept.rfind("\n")
    return (kept[:line] if line >= _SHORTEST else kept).rstrip()
