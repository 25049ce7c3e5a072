"""Which version of a skill was in force when a trace was made.

By the body the trace recorded, looked for among the versions in git; else by the lines of it that
were read; else by the time of the session against the times of the commits, which is weaker: what
lay on disk may have been older or newer. Otherwise it is unknown. A version is known by its body:
an edit of the front matter alone begins no new cohort.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from workbench.domain.skill import Skill
from workbench.skills.tokenizers import default_tokenizer
from workbench.store.file_history import blobs, file_versions
from workbench.store.git import GitProblem, Repository
from workbench.traces.times import moment_of
from workbench.usage.delivered import Delivered, body_of, digest_of, normal

How = Literal["body", "lines", "time", "unrecorded", "unknown"]

#: What Claude Code fills in before the model reads a body.
_FILLED: Final = re.compile(
    r"\$ARGUMENTS(?:\[\d+\])?|\$\d+|\$\{CLAUDE_[A-Z_]+\}|!`[^`\n]+`|\{baseDir\}"
)
_MOST_PATTERNS: Final = 200


class SkillVersion(Struct, frozen=True):
    """A SKILL.md as a commit left it; ``commit`` is "" for one that is on disk alone.

    ``digest`` names its body, ``tokens`` estimates it. ``path`` is relative to the work tree, or
    absolute for the one on disk.
    """

    digest: str
    commit: str
    time: str
    author: str
    subject: str
    path: str
    tokens: int


class InForce(Struct, frozen=True):
    """The version that was in force, and how that is known.

    "body": the trace recorded exactly that body. "lines": it recorded lines that only this version
    has. "time": the newest commit before the session. "unrecorded": the trace recorded a body that
    no version in git has; ``digest`` names it. ``note`` says the rest for people. ``tokens`` are
    those of the body, estimated.
    """

    how: How
    digest: str = ""
    version: SkillVersion | None = None
    note: str = ""
    tokens: int | None = None


class SkillVersions:
    """All versions of one skill, newest first; those with the same body are one cohort."""

    def __init__(
        self, versions: Sequence[SkillVersion], texts: dict[str, bytes], problem: str = ""
    ) -> None:
        """Make it of versions and the SKILL.md of each, by commit ("" for the one on disk)."""
        self.versions = tuple(versions)
        self.problem = problem
        self._sources = texts
        self._bodies: dict[str, str] = {}
        self._files: dict[str, str] = {}
        self._of_digest: dict[str, SkillVersion] = {}
        for one in self.versions:
            # The oldest commit with a body made it; the newest name of it is shown last.
            self._of_digest[one.digest] = one
            if one.digest not in self._bodies:
                self._bodies[one.digest] = body_of(texts[one.commit])
            self._files[one.commit] = normal(texts[one.commit].decode("utf-8", "replace"))
        patterned = [pair for pair in self._bodies.items() if _FILLED.search(pair[1])]
        self._patterned = patterned[:_MOST_PATTERNS]
        self._times = sorted(
            ((moment, one) for one in self.versions if (moment := moment_of(one.time)) is not None),
            key=lambda pair: pair[0],
        )

    def source(self, version: SkillVersion) -> bytes:
        """Return the SKILL.md of a version."""
        return self._sources[version.commit]

    def find(self, digest: str) -> SkillVersion | None:
        """Return the version that brought a body."""
        return self._of_digest.get(digest)

    def in_force(self, texts: Iterable[Delivered], time: str | None) -> InForce:
        """Return what was in force in a session.

        Args:
            texts: what the trace recorded of the skill, the surest first.
            time: when, ISO 8601.
        """
        texts = tuple(texts)
        found = self._by_body(texts) or self._by_lines(texts, time)
        if found is not None:
            return found
        body = next((one.text for one in texts if one.kind == "body"), None)
        if body is not None:
            note = "No version in git has this text."
            tokens = default_tokenizer().count(body)
            return InForce("unrecorded", digest_of(body), None, note, tokens)
        return self.at(time)

    def at(self, time: str | None) -> InForce:
        """Return the newest version committed (or written) before a time."""
        moment = moment_of(time)
        if moment is None:
            return InForce("unknown", note="The trace does not record when it was made.")
        before = [one for made, one in self._times if made <= moment]
        if not before:
            why = self.problem or "The skill has no version that old."
            return InForce("unknown", note=why)
        last = before[-1]
        return InForce(
            "time",
            last.digest,
            last,
            "By the time of the session alone: the text itself is not in the trace.",
        )

    def _by_body(self, texts: Sequence[Delivered]) -> InForce | None:
        bodies = [one.text for one in texts if one.kind == "body"]
        for text in bodies:
            version = self._of_digest.get(digest_of(text))
            if version is not None:
                return InForce("body", version.digest, version)
        for text in bodies:
            for digest, body in self._patterned:
                if _filled_from(body, text):
                    version = self._of_digest[digest]
                    return InForce("body", digest, version, "With its placeholders filled in.")
        return None

    def _by_lines(self, texts: Sequence[Delivered], time: str | None) -> InForce | None:
        for one in texts:
            have = [version for version in self.versions if one.text in self._files[version.commit]]
            digests = dict.fromkeys(version.digest for version in have)
            if len(digests) == 1:
                version = self._of_digest[have[0].digest]
                return InForce("lines", version.digest, version, "By the lines that were read.")
            if digests:
                near = self.at(time)
                if near.digest in digests:
                    note = f"{len(digests)} versions have the lines that were read; by the time."
                    return InForce("time", near.digest, near.version, note)
        return None


class VersionShelf:
    """Versions of skills, each looked up once for a library and its HEAD."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, str], SkillVersions] = {}
        self._repositories: dict[str, tuple[Repository | None, str, str]] = {}

    def refresh(self) -> None:
        """Look again what HEAD is; versions of another HEAD are read anew."""
        self._repositories.clear()

    def head(self, root: str) -> str:
        """Return the commit a library is at, "" without git."""
        return self._repository(root)[1]

    def of(self, skill: Skill) -> SkillVersions:
        """Return the versions of a skill; without git the text on disk alone."""
        repository, head, problem = self._repository(skill.root)
        key = (skill.path, head, skill.tree_hash)
        if key not in self._kept:
            for old in [one for one in self._kept if one[0] == skill.path]:
                del self._kept[old]
            self._kept[key] = _read(skill, repository, problem)
        return self._kept[key]

    def _repository(self, root: str) -> tuple[Repository | None, str, str]:
        if root not in self._repositories:
            try:
                found = Repository.find(Path(root))
                head = (found.head() or "") if found is not None else ""
                told = "" if found is not None else "The library is not in git."
                self._repositories[root] = (found, head, told)
            except GitProblem as problem:
                self._repositories[root] = (None, "", str(problem))
        return self._repositories[root]


def _read(skill: Skill, repository: Repository | None, problem: str) -> SkillVersions:
    path = Path(skill.path) / skill.skill_md
    count = default_tokenizer().count
    versions: list[SkillVersion] = []
    sources: dict[str, bytes] = {}
    made: dict[str, tuple[str, int]] = {}
    if repository is not None:
        try:
            log = [one for one in file_versions(repository, repository.relative(path)) if one.blob]
            texts = blobs(repository, (one.blob for one in log))
        except GitProblem as refused:
            log, texts, problem = [], {}, str(refused)
        for one in log:
            source = texts.get(one.blob)
            if source is None:
                continue
            if one.blob not in made:
                body = body_of(source)
                made[one.blob] = (digest_of(body), count(body))
            digest, tokens = made[one.blob]
            versions.append(
                SkillVersion(
                    digest, one.commit, one.time, one.author, one.subject, one.path, tokens
                )
            )
            sources[one.commit] = source
    body = body_of(skill.source)
    digest = digest_of(body)
    if not versions or versions[0].digest != digest:
        sources[""] = skill.source
        on_disk = (digest, "", _written(path), "", "not committed", str(path), count(body))
        versions.insert(0, SkillVersion(*on_disk))
    return SkillVersions(versions, sources, problem)


def _written(path: Path) -> str:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
    except OSError:
        return ""


def _filled_from(body: str, text: str) -> bool:
    """Whether a text is a body with its placeholders filled in: the parts between them in order."""
    parts = _FILLED.split(body)
    if not text.startswith(parts[0].rstrip()) or not text.endswith(parts[-1].lstrip()):
        return False
    if sum(len(part.strip()) for part in parts) < len(body) // 2:
        return False  # mostly placeholders: anything would do
    at = 0
    for part in parts:
        at = text.find(part.strip(), at)
        if at < 0:
            return False
        at += len(part.strip())
    return True
