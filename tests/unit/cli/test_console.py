"""Printing for programs."""

from __future__ import annotations

import json

import pytest

from workbench.cli.console import document, print_json
from workbench.domain.diagnostic import Diagnostic


def test_json_names_its_schema_first(capsys: pytest.CaptureFixture[str]) -> None:
    print_json(document("check", skills=[]))
    out = capsys.readouterr().out
    assert out.splitlines()[1].strip() == '"schema": "skill-workbench/check/1",'
    assert out.endswith("}\n")


def test_names_that_are_no_unicode_are_printed_with_a_sign_in_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    found = Diagnostic("r", "error", "m", name, ("x",), "s")
    print_json(document("check", diagnostics=[found], names={name: (name, "größe")}))
    value = json.loads(capsys.readouterr().out)
    assert value["diagnostics"][0]["path"] == "caf\ufffd"
    assert value["names"] == {"caf\ufffd": ["caf\ufffd", "größe"]}
