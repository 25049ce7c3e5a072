"""Python's search for cycles, held while values are made that have none."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def no_collection() -> Iterator[None]:
    """Hold the cycle collector while a skeleton is built: it would walk every step, again and
    again, and a skeleton has no cycles.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            # All that was made counts as old at once, else the very next allocation walks it.
            gc.freeze()
            gc.unfreeze()
            gc.enable()
