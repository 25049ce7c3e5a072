"""The scanner's entry point: one skill after another, from bytes to findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pattern_scanner import limits
from pattern_scanner.capabilities import (
    capability_sightings,
    declared_capabilities,
    observed_capabilities,
)
from pattern_scanner.characters import character_sightings, fold, tag_messages
from pattern_scanner.code_lines import comment_lines, line_sightings, shell_in_code
from pattern_scanner.commands import (
    SHELL_LANGUAGES,
    command_facts,
    command_sightings,
    commands_of_document,
    commands_of_script,
    hosts,
)
from pattern_scanner.decoding import hidden_texts
from pattern_scanner.dependencies import dependency_sightings, popular
from pattern_scanner.frames import prose_sightings
from pattern_scanner.inventory import take_inventory
from pattern_scanner.javascript import analyse_javascript
from pattern_scanner.lure import lure_sightings
from pattern_scanner.markdown import Document, read_document
from pattern_scanner.model import (
    CodeBlock,
    Command,
    Fact,
    Inventory,
    Observed,
    Passage,
    Role,
    Sighting,
    TextFile,
)
from pattern_scanner.polarity import mentioned, security_subject
from pattern_scanner.python_patterns import analyse_python
from pattern_scanner.relay import relay_sightings
from pattern_scanner.report import findings_of
from pattern_scanner.rulebook import lexicon, rulebook, rules_of
from pattern_scanner.settings_files import front_matter_sightings, settings_sightings
from workbench.plugin.api import (
    Capabilities,
    Context,
    Coverage,
    FindingEvent,
    JobEvent,
    Log,
    Request,
    SkillInput,
    SkillScanned,
)

RULES_VERSION = "1"
_JS = frozenset({"javascript", "js", "typescript", "ts", "jsx", "tsx", "node", "mjs"})
_PYTHON = frozenset({"python", "py", "python3"})


def prepare() -> None:
    """Read the rules ahead: four fifths of what the scan of a first skill takes."""
    rulebook()
    rules_of("prose")
    rules_of("shell")
    lexicon()
    hosts()
    popular()


def scan(request: Request, context: Context) -> Iterator[JobEvent]:
    """Scan every skill of the request; a skill that cannot be read does not stop the others."""
    setting = request.settings.get("max_file_kib")
    cap = setting * 1024 if isinstance(setting, int) else limits.MAX_FILE_BYTES
    folders = {skill.id: Path(skill.path) for skill in request.skills}
    for number, skill in enumerate(request.skills):
        context.check_cancelled()
        context.progress(number / len(request.skills), skill.name)
        others = frozenset(folder for other, folder in folders.items() if other != skill.id)
        yield from scan_skill(skill, others, cap)
    context.progress(1.0)


def scan_skill(
    skill: SkillInput, others: frozenset[Path] = frozenset(), cap: int = limits.MAX_FILE_BYTES
) -> Iterator[JobEvent]:
    """Yield the findings of one skill, then its coverage and capabilities."""
    inventory = take_inventory(Path(skill.path), others, cap)
    observed = Observed(sightings=list(inventory.sightings))
    reading = _Reading(skill, inventory, observed)
    for text in inventory.texts:
        try:
            reading.take(text)
        except (RecursionError, MemoryError):
            place = text.inside or text.path
            inventory.inspected.discard(place)
            inventory.partial[place] = "too deeply nested to be read to its end"
    reading.finish()
    for finding in findings_of(observed.sightings, skill.id, RULES_VERSION):
        yield FindingEvent(skill=skill.id, finding=finding)
    reasons = {**inventory.partial, **inventory.opaque}
    for place in sorted(reasons):
        yield Log(level="debug", text=f"{skill.id}: {place}: {reasons[place]}")
    yield SkillScanned(
        skill=skill.id,
        coverage=Coverage(
            inspected=tuple(sorted(inventory.inspected - inventory.partial.keys())),
            partial=tuple(sorted(inventory.partial)),
            opaque=tuple(sorted(inventory.opaque)),
        ),
        capabilities=reading.capabilities,
    )


class _Reading:
    """Collects what the files of one skill show."""

    def __init__(self, skill: SkillInput, inventory: Inventory, observed: Observed) -> None:
        self.skill = skill
        self.inventory = inventory
        self.observed = observed
        self.subject = security_subject(fold(f"{skill.name} {skill.description}"[:2000])[0])
        self.commands: list[Command] = []
        self.blocks: list[CodeBlock] = []
        self.scripts: dict[str, str] = {}
        self.front = ""
        self.capabilities = Capabilities()

    def take(self, text: TextFile) -> None:
        self.observed.sightings.extend(character_sightings(text.path, text.text, text.role))
        if text.kind in ("markdown", "text"):
            self._document(text)
        elif text.kind == "json":
            for found in settings_sightings(text):
                self._sort(found)
        else:
            language = "powershell" if text.path.endswith((".ps1", ".bat", ".cmd")) else text.kind
            block = CodeBlock(text.path, 1, language, text.text, text.role, bundled=not text.inside)
            self.scripts[text.path] = text.text
            self._code(block)
            self._comments(block)

    def _sort(self, found: Sighting | Command) -> None:
        if isinstance(found, Command):
            self.commands.append(found)
            self.observed.facts.append(Fact("hook", found.text[:60], found.path, found.line, False))
        else:
            self.observed.sightings.append(found)

    def _document(self, text: TextFile) -> None:
        if text.kind == "text" or (self.subject and text.path != "SKILL.md"):
            # Data, settings and container files speak to programs, a security skill's references
            # about attacks: what they say counts, but not as an order.
            text.role = min(text.role, Role.CAUTION)
        document = read_document(text)
        if document.cut:
            self.inventory.partial[text.inside or text.path] = "more text than is read"
        if text.path.lower() == "skill.md":
            self.front = document.front_matter
            for found in front_matter_sightings(text.path, document.front_matter):
                self._sort(found)
        _add_hidden(document, text)
        sightings = self.observed.sightings
        sightings.extend(prose_sightings(document, security_subject=self.subject))
        sightings.extend(lure_sightings(document, text.path))
        self.commands.extend(commands_of_document(document))
        for block in document.blocks:
            if block.role != Role.WARNING and block.language not in SHELL_LANGUAGES:
                self._code(self._softened(block))
                self._comments(block)
            elif block.language == "":
                self._prose_in_fence(block)

    def _softened(self, block: CodeBlock) -> CodeBlock:
        """Return the block as an example when the skill teaches security."""
        if self.subject and block.role == Role.INSTRUCTION:
            return CodeBlock(block.path, block.line, block.language, block.text, Role.CAUTION)
        return block

    def _prose_in_fence(self, block: CodeBlock) -> None:
        """Read prose that stands in a fence without a language, at the weight of an example."""
        role = min(block.role, Role.CAUTION)
        inner = read_document(TextFile(block.path, block.text, "text", role))
        moved = Document(
            [_moved(passage, block.line - 1) for passage in inner.passages], [], inner.sections
        )
        self.observed.sightings.extend(prose_sightings(moved, security_subject=self.subject))

    def _code(self, block: CodeBlock) -> None:
        observed = self.observed
        if block.language in _PYTHON:
            self.commands.extend(analyse_python(block, observed))
        elif block.language in _JS:
            self.commands.extend(analyse_javascript(block, observed))
        elif block.language in SHELL_LANGUAGES:
            self.commands.extend(commands_of_script(block))
        elif block.language not in (
            "json",
            "yaml",
            "yml",
            "toml",
            "diff",
            "text",
            "markdown",
            "md",
        ):
            self.commands.extend(shell_in_code(block))
        if block.bundled:
            observed.sightings.extend(line_sightings(block))
            for line, way, hidden in hidden_texts(block.text):
                self._decoded_in_code(block, line, way, hidden)
        self.blocks.append(block)

    def _decoded_in_code(self, block: CodeBlock, line: int, way: str, hidden: str) -> None:
        for text in hidden.split("\n")[:200]:
            shown = block.text.split("\n")[line][:300]
            self.commands.append(
                Command(block.path, block.line + line, text[:2000], block.role, "decoded", shown)
            )

    def _comments(self, block: CodeBlock) -> None:
        """Read the comments of a script as prose: an agent that reads the script reads them too."""
        lines = comment_lines(block.text)
        if not any(lines):
            return
        role = min(block.role, Role.CAUTION)
        document = read_document(TextFile(block.path, "\n".join(lines), "text", role))
        document.passages = [_moved(passage, block.line - 1) for passage in document.passages]
        self.observed.sightings.extend(prose_sightings(document, security_subject=self.subject))

    def finish(self) -> None:
        """Look at what only all files together show."""
        observed = self.observed
        hidden = [command for command in self.commands if command.origin == "decoded"]
        open_ = [command for command in self.commands if command.origin != "decoded"]
        observed.sightings.extend(command_sightings(open_, self.subject))
        for sighting in command_sightings(hidden, False):
            if sighting.severity not in ("info", "low"):
                observed.sightings.append(
                    Sighting(
                        "encoded-orders", sighting.path, sighting.line, sighting.line,
                        sighting.evidence, role=sighting.role, decoded=sighting.decoded,
                    )
                )  # fmt: skip
        for command in self.commands:
            if command.role != Role.WARNING:
                observed.facts.extend(command_facts(command))
        observed.sightings.extend(
            dependency_sightings(self.inventory.texts, self.commands, self.blocks)
        )
        observed.sightings.extend(relay_sightings(observed.facts, self.scripts))
        declared, lists_tools = declared_capabilities(self.front)
        self.capabilities = Capabilities(declared, observed_capabilities(observed.facts))
        observed.sightings.extend(
            capability_sightings(
                "SKILL.md", self.front, observed.facts, self.capabilities, lists_tools
            )
        )


def _moved(passage: Passage, lines: int) -> Passage:
    return Passage(
        passage.path, passage.line + lines, passage.end_line + lines, passage.raw, passage.text,
        passage.role, passage.medium, passage.section, passage.hidden, passage.tricks,
    )  # fmt: skip


def _add_hidden(document: Document, text: TextFile) -> None:
    """Add passages for text in invisible characters and in encodings."""
    found: Iterable[tuple[int, str, str]] = [
        *((text.text.count("\n", 0, at), "invisible characters", message)
          for at, message in tag_messages(text.text)),
        *((line, f"decoded from {way}", hidden) for line, way, hidden in hidden_texts(text.text)),
    ]  # fmt: skip
    lines = text.text.split("\n")
    for line, way, hidden in found:
        host = fold(lines[line][:2000])[0]
        role = min(text.role, Role.CAUTION) if mentioned(host, len(host), len(host)) else text.role
        for sentence in hidden.split("\n")[:200]:
            folded, tricks = fold(sentence[: limits.MAX_SENTENCE])
            document.passages.append(
                Passage(
                    text.path, line + 1, line + 1, lines[line][:300], folded, role, "decoded",
                    -1 - line, way, tricks, decoded=sentence[:2000],
                )
            )  # fmt: skip
            document.blocks.append(CodeBlock(text.path, line + 1, "sh", sentence[:2000], role))
