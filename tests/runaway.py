"""A guard against work that runs away (quadratic reading, expressions that backtrack).

It is no measure of speed: the limit is processor time far beyond what linear work needs on a slow,
busy machine. Speed is measured in ``tests/benchmarks``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_LIMIT_S = 25.0


@contextmanager
def ends_soon() -> Iterator[None]:
    """Fail where the block takes more processor time than any linear work on its input would."""
    began = time.process_time()
    yield
    used = time.process_time() - began
    assert used < _LIMIT_S, f"the work runs away: {used:.0f} s of processor time"
