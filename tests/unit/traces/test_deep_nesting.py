"""Values nested as deep as a decoder still takes them make no format fail."""

from __future__ import annotations

import pytest

from tests.unit.traces.test_importers import _check
from workbench.traces.importer import Importer
from workbench.traces.registry import importers

_NESTS = [("[", "]"), ('{"content":', "}"), ('{"parts":[', "]}"), ('{"content":[', "]}")]
_HOLDERS = [
    '[{"role":"user","content":%s}]',
    '{"messages":[{"role":"assistant","content":%s,"tool_calls":[{"id":"a","function":'
    '{"name":"x","arguments":%s}}]}]}',
    '{"sessionId":"s","projectHash":"h","messages":[{"id":"a","type":"gemini","content":%s,'
    '"toolCalls":[{"id":"c","name":"x","args":%s,"result":%s}]}]}',
    '{"type":"session","id":"s","cwd":"/"}\n{"type":"message","message":{"role":"user",'
    '"content":%s}}',
    '{"version":2,"eval":{},"plan":{},"samples":[{"id":1,"events":%s,"messages":'
    '[{"role":"user","content":%s}]}]}',
    '{"run_type":"llm","trace_id":"t","id":"x","inputs":%s,"outputs":%s}',
    '[{"kind":"ObservationEvent","id":"a","observation":%s}]',
]


@pytest.mark.parametrize("importer", importers(), ids=lambda one: str(one.id))
@pytest.mark.parametrize("holder", _HOLDERS, ids=lambda text: str(text[:18]))
def test_deep_nesting_never_makes_a_format_fail(importer: Importer, holder: str) -> None:
    for depth in (60, 900, 990):
        for begin, end in _NESTS:
            middle = "1" if begin.endswith(":") else ""
            nested = begin * depth + middle + end * depth
            _check(importer, holder.replace("%s", nested).encode())
