"""PySide6 6.12.0 on Python 3.11 drops a reference of None or True per call: fatal after thousands.

A small suite does not notice, so this counts. It runs in a child process, because with the fault
the interpreter aborts.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

_EMITS = """
import sys
from PySide6.QtCore import QObject, Signal, QCoreApplication
class Source(QObject):
    told = Signal()
app = QCoreApplication([])
source, heard = Source(), []
source.told.connect(lambda: heard.append(1))
before = sys.getrefcount(True)
for _ in range(1000):
    source.told.emit()
print(len(heard), before - sys.getrefcount(True))
"""

_EVENTS = """
import sys
from PySide6.QtCore import QCoreApplication
app = QCoreApplication([])
before = sys.getrefcount(None)
for _ in range(1000):
    app.processEvents()
print(1000, before - sys.getrefcount(None))
"""


@pytest.mark.parametrize("program", [_EMITS, _EVENTS], ids=["emit", "processEvents"])
def test_a_thousand_calls_into_qt_drop_no_reference(program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    calls, lost = (int(word) for word in done.stdout.split())
    assert calls == 1000
    assert lost < 100, f"{lost} references were dropped in {calls} calls"
