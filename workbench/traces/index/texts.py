"""What of a step goes into the full text, and where its records lie."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from workbench.domain.trajectory import Step
from workbench.traces.importer import TraceError
from workbench.traces.open import OpenTrace

#: A picture or a key in base64 is no word; neither is anything else without a blank for so long.
_NO_WORDS: Final = re.compile(r"[A-Za-z0-9+/=_-]{160,}")
#: More of one step is not indexed: output of that size is data.
_LONGEST: Final = 2_000_000


def step_text(trace: OpenTrace, index: int) -> str:
    """Return all that a step says: text, thinking, arguments and results."""
    try:
        body = trace.body(index)
    except TraceError:
        return ""
    parts = [body.text, body.reasoning]
    for call in body.tool_calls:
        parts += [call.name, call.arguments, call.observation or ""]
    text = "\n".join(part for part in parts if part)[:_LONGEST]
    # Lone surrogates, which JSON can escape, are no text for SQLite.
    text = text.encode("utf-8", "replace").decode() if not text.isascii() else text
    return _NO_WORDS.sub(" ", text).replace("\0", " ")


def spans_of(step: Step) -> str:
    """Return source, offset and length of each record of a step, as JSON."""
    spans = [*step.raw, *(span for call in step.tool_calls for span in call.result)]
    unique = dict.fromkeys((span.source, span.offset, span.length) for span in spans)
    return msgspec.json.encode(list(unique)).decode()
