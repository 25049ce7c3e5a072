"""The bytes of a file as text to edit, and back, so that untouched lines keep their bytes.

An editor works with lines; a file has line ends (perhaps mixed), perhaps a byte order mark, and may
not be UTF-8. No Qt here: the source view is checked against ``round_trips``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from pathlib import Path

from workbench.files import FileProblem, sha256

BOM = b"\xef\xbb\xbf"

#: Bigger files are shown by their beginning, read-only.
MAX_BYTES = 8 * 1024 * 1024

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
#: Qt keeps lines as blocks divided by U+2029; a file that has one itself cannot be told apart.
_UNSAFE = re.compile("[\x00\u2029\ufdd0\ufdd1\ufffe]")


@dataclass(frozen=True)
class FileText:
    """A file as it was read. ``text`` has ``\\n`` alone as line end."""

    path: Path
    data: bytes
    executable: bool = False

    @cached_property
    def sha(self) -> str:
        """The SHA-256 the file has on disk while nobody else writes it."""
        return sha256(self.data)

    @cached_property
    def bom(self) -> bool:
        """Whether it begins with a byte order mark (kept, and not shown)."""
        return self.data.startswith(BOM)

    @cached_property
    def locked(self) -> str:
        """Why it cannot be edited, in words; "" when it can."""
        if len(self.data) > MAX_BYTES:
            return (
                f"This file has {len(self.data) // 1024 // 1024} MB; only its beginning is shown. "
                "Edit it with another program."
            )
        try:
            text = self.data.decode("utf-8")
        except UnicodeDecodeError as problem:
            return (
                f"This file is not UTF-8 (byte {problem.start}, line "
                f"{self.data.count(10, 0, problem.start) + 1}). It is shown with � for what cannot "
                "be read, and is read-only so that no byte is lost. Convert it to UTF-8 to edit it."
            )
        if _UNSAFE.search(text):
            return (
                "This file has characters that an editor cannot keep (such as NUL or U+2029). It "
                "is read-only so that no byte is lost."
            )
        return ""

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """The lines with the line ends they have in the file, without a byte order mark."""
        data = self.data[:MAX_BYTES]
        data = data[len(BOM) :] if self.bom else data
        return tuple(_LINE.findall(data.decode("utf-8", "replace")))

    @cached_property
    def text(self) -> str:
        """What the editor shows."""
        return "".join(line.rstrip("\r\n") + ("\n" if _end(line) else "") for line in self.lines)

    @cached_property
    def newline(self) -> str:
        """The line end that new lines get: the most frequent one, ``\\n`` where there is none."""
        ends = [_end(line) for line in self.lines]
        return max(("\n", "\r\n", "\r"), key=ends.count)

    @cached_property
    def newline_name(self) -> str:
        """The line ends in a word for the person: LF, CRLF, CR or mixed."""
        names = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}
        found = {_end(line) for line in self.lines} - {""}
        return "mixed" if len(found) > 1 else names[self.newline]

    def encode(self, text: str) -> bytes:
        """Return the bytes of an edited text: unchanged lines keep theirs, line ends included."""
        if text == self.text:
            return self.data
        old, new = self.text.split("\n"), text.split("\n")
        ends = [_end(line) for line in self.lines]
        # ``split`` gives one part more than there are line ends; that last one has none.
        ends += [""] * (len(old) - len(ends))
        made: list[str] = []
        for tag, first, last, start, stop in _matches(old, new):
            if tag == "equal":
                made += [
                    part + end for part, end in zip(old[first:last], ends[first:last], strict=True)
                ]
                continue
            given = ends[first:last]
            for number, part in enumerate(new[start:stop]):
                kept = given[number] if number < len(given) else ""
                made.append(part + (kept or self.newline))
        # Exactly the last part has no line end, whatever it was paired with.
        made = [part if _end(part) else part + self.newline for part in made[:-1]] + made[-1:]
        made[-1] = made[-1].rstrip("\r\n")
        for number in range(1, len(made)):
            # In a file with mixed ends: a CR and the LF of an empty line would become one CRLF.
            if made[number] == "\n" and _end(made[number - 1]) == "\r":
                made[number] = "\r\n"
        return (BOM if self.bom else b"") + "".join(made).encode("utf-8")


def read_file(path: Path) -> FileText:
    """Read a file for the editor; links are not followed.

    Raises:
        FileProblem: it is gone, a link, or cannot be read.
    """
    if path.is_symlink():
        raise FileProblem(f"{path} is a link; links are never followed.")
    try:
        data = path.read_bytes()
        executable = bool(path.stat().st_mode & 0o111)
    except OSError as problem:
        raise FileProblem(f"Cannot read {path}: {problem.strerror}.") from problem
    return FileText(path, data, executable)


def _end(line: str) -> str:
    if line.endswith("\r\n"):
        return "\r\n"
    return line[-1] if line.endswith(("\r", "\n")) else ""


def _matches(old: list[str], new: list[str]) -> list[tuple[str, int, int, int, int]]:
    """Return the blocks that are equal and those that differ; common ends are taken off first."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    middle = SequenceMatcher(
        None, old[head : len(old) - tail], new[head : len(new) - tail], autojunk=False
    ).get_opcodes()
    blocks = [("equal", 0, head, 0, head)] if head else []
    blocks += [(tag, a + head, b + head, c + head, d + head) for tag, a, b, c, d in middle]
    if tail:
        blocks.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return blocks
