"""Requests for the contract suite: what a plugin of any kind may be given."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from workbench.domain.job import ModelInput, Request, SkillInput, TraceInput
from workbench.domain.model_call import Completion, Prompt
from workbench.domain.trace_lines import TraceCall, TraceHeader, TraceStep
from workbench.plugin.manifest import Manifest
from workbench.plugin.protocol import LlmAnswer
from workbench.plugin.services import HostServices

PDF = """\
---
name: pdf
description: Extracts tables from PDF files. Use when the user names a PDF.
---
# PDF

Run `python scripts/extract.py input.pdf`. See [the guide](references/guide.md).
"""
MAIL = "---\r\nname: mail\r\ndescription: Writes mail.\r\n---\r\n# Mail\r\n\r\nBe short.\r\n"


def write_library(root: Path, skills: int = 2) -> None:
    """Write two small skills with a script, a binary, CRLF and an empty file, and copies of one."""
    files = {
        "pdf/SKILL.md": PDF.encode(),
        "pdf/scripts/extract.py": b"import sys\nprint(sys.argv[1])\n",
        "pdf/assets/logo.png": b"\x89PNG\r\n\x1a\n\0\0\0\xff",
        "mail/SKILL.md": MAIL.encode(),
        "mail/references/empty.md": b"",
        "mail/references/latin1.txt": "café".encode("latin-1"),
    }
    for number in range(skills - 2):
        files[f"more/s{number}/SKILL.md"] = PDF.replace("name: pdf", f"name: s{number}").encode()
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    if skills:
        (root / "pdf/scripts/extract.py").chmod(0o755)


def skill_inputs(library: Path) -> tuple[SkillInput, ...]:
    found = []
    for skill_md in sorted(library.rglob("SKILL.md")):
        folder = skill_md.parent
        files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
        name = skill_md.read_text().split("name: ")[1].splitlines()[0]
        tree = hashlib.sha256(b"".join((folder / file).read_bytes() for file in files))
        found.append(
            SkillInput(
                id=folder.relative_to(library).as_posix(),
                path=str(folder),
                name=name,
                description="Extracts tables." if name != "mail" else "Writes mail.",
                tree_hash=tree.hexdigest(),
                files=tuple(files),
            )
        )
    return tuple(found)


def write_traces(folder: Path, count: int) -> tuple[TraceInput, ...]:
    """Write runs in which a command fails and a like one succeeds, with the skill loaded."""
    folder.mkdir()
    inputs = []
    for number in range(count):
        failed = TraceCall(
            "c1",
            "bash",
            "python scripts/extract.py in.pdf",
            json.dumps({"command": "python scripts/extract.py in.pdf"}),
            "error",
            1,
            "ModuleNotFoundError: No module named 'pdfplumber'",
        )
        mended = TraceCall(
            "c2",
            "bash",
            "pip install pdfplumber && python scripts/extract.py in.pdf",
            json.dumps({"command": "pip install pdfplumber && python scripts/extract.py in.pdf"}),
            "ok",
            0,
            "3 tables",
        )
        header = TraceHeader(
            f"run{number}", "atif", "probe", None, f"task{number}", "Tables", "pass", 1.0,
            skills_listed=("pdf", "mail"), skills_loaded=("pdf",), steps=3,
        )  # fmt: skip
        steps = [
            TraceStep(0, "u0", "user", "Get the tables out of in.pdf."),
            TraceStep(1, "u1", "agent", "Running the script.", calls=(failed,)),
            TraceStep(2, "u2", "agent", "Installing the module first.", calls=(mended,)),
        ]
        path = folder / f"{number}.jsonl"
        path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in [header, *steps]))
        inputs.append(TraceInput(f"run{number}", str(path)))
    return tuple(inputs)


def make_request(manifest: Manifest, run_dir: Path, *, skills: int, traces: int) -> Request:
    """Write the run folder of a job and, beside it, what an importer reads."""
    library = run_dir / "library"
    library.mkdir(parents=True)
    write_library(library, skills) if skills else None
    other = run_dir.parent / "other version"
    run = f"tests.plugins.{manifest.id}.finished_run"
    foreign = f"tests.plugins.{manifest.id}.foreign_file"
    source = str(other)
    if "trace_reader" in manifest.kinds:
        other.mkdir(exist_ok=True)
        source = str(importlib.import_module(foreign).write_file(other))
    elif not other.exists() and skills and importlib.util.find_spec(run):
        other.mkdir()
        importlib.import_module(run).write_run(other)  # an importer of one engine's runs
    elif not other.exists():
        shutil.copytree(library, other)
        for skill_md in other.rglob("SKILL.md"):
            skill_md.write_bytes(skill_md.read_bytes() + b"\nRead the error first.\n")
    kind = manifest.kinds[0]
    return Request(
        job=run_dir.name,
        kind=kind,
        library=str(library),
        skills=skill_inputs(library),
        traces=write_traces(run_dir / "traces", traces) if kind == "evolver" else (),
        source=source if kind in ("importer", "trace_reader") else None,
        source_repository=str(library) if kind == "importer" else None,
        seed=1,
        models=tuple(ModelInput(role, "scripted") for role in roles_of(manifest)),
    )


def roles_of(manifest: Manifest) -> list[str]:
    """Return the roles of the models a plugin needs."""
    return [need.partition(":")[2] for need in manifest.needs if need.startswith("model:")]


def model_of(manifest: Manifest) -> Callable[[Prompt], Completion] | None:
    """Return the test double of a model that a plugin's tests have, ``scripted_model.complete``."""
    name = f"tests.plugins.{manifest.id}.scripted_model"
    if not roles_of(manifest) or not importlib.util.find_spec(name):
        return None
    complete: Callable[[Prompt], Completion] = importlib.import_module(name).complete
    return complete


def services_of(manifest: Manifest) -> HostServices | None:
    """Return the host's side of a job with that model."""
    complete = model_of(manifest)
    if complete is None:
        return None
    return HostServices(
        complete=lambda asked, reply: reply(
            LlmAnswer(asked.id, complete(asked.prompt) if asked.prompt else Completion())
        )
    )


def contents(*folders: Path) -> dict[str, tuple[int, bytes | None]]:
    """Return mode and bytes of everything below; caches of the interpreter do not count."""
    found: dict[str, tuple[int, bytes | None]] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if "__pycache__" not in path.parts:
                data = path.read_bytes() if path.is_file() else None
                found[str(path)] = (path.stat().st_mode, data)
    return found


@contextmanager
def unchanged(*folders: Path) -> Iterator[None]:
    before = contents(*folders)
    yield
    assert contents(*folders) == before
