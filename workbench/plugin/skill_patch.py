"""Edits of a skill's files, each with its reasons, made into the changes of one proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import SkillInput
from workbench.domain.proposal import Change, Evidence
from workbench.plugin.run_skills import SKILL_FILES, path_in
from workbench.plugin.skill_checks import FormatProblem, format_problems
from workbench.plugin.skill_locks import broken_locks, is_locked, lock_on
from workbench.plugin.text_edits import Placed, TextEdit, apply_edits

Generality = Literal["task", "family", "general", "unknown"]
_TEXT = (".md", ".markdown", ".txt", ".py", ".sh", ".js", ".ts", ".json", ".yaml", ".yml", ".toml")
_LARGEST = 256 << 10


class Claim(Struct, frozen=True):
    """An edit and what speaks for it. ``parents`` are the edits it was merged from."""

    edit: TextEdit
    evidence: tuple[Evidence, ...]
    generality: Generality = "unknown"
    parents: tuple[str, ...] = ()


class Patched(Struct, frozen=True):
    """A skill after edits. ``after`` has the files that change; None is a deleted one.

    ``done`` are the claims carried out, each with the text of its file after it.
    """

    after: dict[str, str | None]
    done: tuple[tuple[Claim, str | None], ...]
    refused: tuple[tuple[Claim, str], ...]


def support(claim: Claim) -> int:
    """Return in how many runs there is evidence for an edit."""
    return len({one.trace for one in claim.evidence})


class SkillTexts:
    """The files of a skill that are text."""

    def __init__(self, skill: SkillInput) -> None:
        self.skill = skill
        self.texts: dict[str, str] = {}
        self._first = self.texts
        for name in skill.files:
            text = _text_of(Path(skill.path) / name)
            if text is not None:
                self.texts[name] = text

    @property
    def main(self) -> str:
        """The name of the skill's SKILL.md."""
        return next((name for name in SKILL_FILES if name in self.texts), SKILL_FILES[0])

    def shown(self, most: int) -> str:
        """Return the files as text for a model, SKILL.md first, others as far as there is room."""
        names = [self.main, *sorted(name for name in self.texts if name != self.main)]
        parts: list[str] = []
        for name in names:
            text = self.texts.get(name, "")
            piece = f"== {name} ==\n{text.rstrip()}\n"
            if name != self.main and sum(map(len, parts)) + len(piece) > most:
                piece = f"== {name} ==\n({text.count(chr(10))} lines, not shown)\n"
            parts.append(piece[:most])
        others = [name for name in self.skill.files if name not in self.texts]
        if others:
            parts.append("Other files: " + ", ".join(others[:50]))
        if self.skill.locks:
            parts.append("Locked, not to be changed: " + ", ".join(self.skill.locks))
        return "\n".join(parts)

    def patched(self, claims: Sequence[Claim]) -> Patched:
        """Carry out edits in the order given; those that cannot be are refused in words."""
        by_edit = {claim.edit.id: claim for claim in claims}
        refused: list[tuple[Claim, str]] = []
        files: dict[str, list[TextEdit]] = {}
        for claim in claims:
            why = self._problem(claim.edit)
            if why:
                refused.append((claim, why))
            else:
                files.setdefault(claim.edit.file, []).append(claim.edit)
        after: dict[str, str | None] = {}
        done: dict[str, str | None] = {}
        for name, edits in files.items():
            if edits[0].op in ("create_file", "delete_file"):
                content = edits[0].content.replace("\r\n", "\n").strip("\n") + "\n"
                after[name] = content if edits[0].op == "create_file" else None
                done[edits[0].id] = after[name]
                others = [(by_edit[one.id], f"{edits[0].id} does that") for one in edits[1:]]
                refused += others
                continue
            edited = apply_edits(self.texts[name], edits, self._lock_words)
            refused += [(by_edit[edit.id], why) for edit, why in edited.refused]
            if edited.done:
                after[name] = edited.text
                done |= dict(zip((one.id for one in edited.done), edited.versions, strict=True))
        kept = tuple((claim, done[claim.edit.id]) for claim in claims if claim.edit.id in done)
        return Patched(after, kept, tuple(refused))

    def problems(
        self, patched: Patched, max_lines: int, max_new_files: int = 5
    ) -> tuple[FormatProblem, ...]:
        """Return what the patched files break."""
        main = {self.main: self.texts[self.main]} if self.main in self.texts else {}
        before = main | {name: self.texts[name] for name in patched.after if name in self.texts}
        after = {**main, **patched.after}
        return format_problems(
            before,
            {name: text for name, text in after.items() if text is not None},
            files=frozenset(self.skill.files),
            max_lines=max_lines,
            max_new_files=max_new_files,
        )

    def well_formed(
        self,
        claims: Sequence[Claim],
        max_lines: int,
        max_new_files: int = 5,
        most: int | None = None,
    ) -> tuple[Patched, list[str]]:
        """Carry edits out, giving up those with the least support until nothing is broken.

        At most ``most`` edits are kept: a proposal with more places than allowed is left out whole.

        Returns:
            what was carried out, and in words what was left out.
        """
        best = sorted(claims, key=support, reverse=True)
        kept = best if most is None else best[: max(0, most)]
        left = [claim for claim in claims if claim in kept]
        words = [
            f"Edit {one.edit.id} was left out: the run may change {most} places."
            for one in claims
            if one not in kept
        ]
        while left:
            patched = self.patched(left)
            wrong = self.problems(patched, max_lines, max_new_files)
            if not wrong:
                refused = (
                    f"Edit {one.edit.id} was left out: {why}." for one, why in patched.refused
                )
                return patched, [*words, *refused]
            files = {one.file for one in wrong}
            there = [one for one in left if one.edit.file in files] or left
            weakest = min(reversed(there), key=support)
            left = [one for one in left if one is not weakest]
            why = f"{wrong[0].file}: {wrong[0].words}"
            words.append(f"Edit {weakest.edit.id} was left out: {why}.")
        return Patched({}, (), ()), words

    def after(self, patched: Patched) -> SkillTexts:
        """Return the skill as it is after edits, for more of them; locks hold on."""
        texts = {**self.texts, **patched.after}
        kept = {name: text for name, text in texts.items() if text is not None}
        gone = {name for name, text in patched.after.items() if text is None}
        files = tuple(sorted({*self.skill.files, *kept} - gone))
        later = SkillTexts(replace(self.skill, files=()))
        later.skill = replace(self.skill, files=files)
        later.texts = kept
        later._first = self._first
        return later

    def changes(
        self, patched: Patched, reasons: Mapping[str, str] | None = None
    ) -> tuple[Change, ...]:
        """Return a change for each edit that was carried out, new files first."""
        created = {claim.edit.file: claim.edit.id for claim, _ in patched.done if _creates(claim)}
        ordered = sorted(patched.done, key=lambda one: not _creates(one[0]))
        changes: list[Change] = []
        for claim, text in ordered:
            edit = claim.edit
            needed = [name for file, name in created.items() if file in edit.content]
            changes.append(
                Change(
                    id=edit.id,
                    path=path_in(self.skill, edit.file),
                    op="delete" if text is None else "write" if _creates(claim) else "edit",
                    new_text=text,
                    rationale=(reasons or {}).get(edit.id, edit.reason),
                    evidence=tuple(one.id for one in claim.evidence),
                    depends_on=tuple(one for one in needed if one != edit.id),
                    generality=claim.generality,
                )
            )
        return tuple(changes)

    def _problem(self, edit: TextEdit) -> str:
        locks = self.skill.locks
        if is_locked(locks, edit.file):
            return f"{edit.file} is locked"
        if edit.op == "create_file":
            there = edit.file in self.skill.files or edit.file in SKILL_FILES
            empty = "" if edit.content.strip() else "the new file is empty"
            return f"there is a file {edit.file} already" if there else empty
        if edit.op == "delete_file":
            if edit.file == self.main:
                return "an engine does not delete a skill"
            part = any(lock.startswith((f"{edit.file}#", f"{edit.file}:")) for lock in locks)
            gone = "" if edit.file in self.skill.files else f"there is no file {edit.file}"
            return f"a part of {edit.file} is locked" if part else gone
        return "" if edit.file in self.texts else f"there is no text file {edit.file} in the skill"

    def _lock_words(self, edit: TextEdit, placed: Placed) -> str:
        text, locks = self.texts[edit.file], self.skill.locks
        if self._first is self.texts:
            lock = lock_on(locks, edit.file, text, placed)
            return f"{lock} is locked" if lock else ""
        # Lines were moved by earlier edits: what counts is the text as it was at first.
        lines = text.splitlines(keepends=True)
        after = "".join([*lines[: placed.start], *placed.lines, *lines[placed.end :]])
        broken = broken_locks(locks, edit.file, self._first.get(edit.file, ""), after)
        return f"{broken[0]} is locked" if broken else ""


def _creates(claim: Claim) -> bool:
    return claim.edit.op == "create_file"


def _text_of(path: Path) -> str | None:
    if path.suffix.lower() not in _TEXT:
        return None
    try:
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else b"\0"
        return None if b"\0" in data else data.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
