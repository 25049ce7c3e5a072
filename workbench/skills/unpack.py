"""Unpacking an archive of strangers: looked through before a byte is written, whole or not at all.

Sizes are those of the central directory, and no member gives more than it says there.
"""

from __future__ import annotations

import os
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import Struct

from workbench.skills.archive_names import name_problem, same_file
from workbench.skills.folder import SKILL_FILES
from workbench.skills.problems import SkillError

#: ClawHub takes bundles of 50 MB and claude.ai 30 MB (2026-10); four times the larger is room.
MAX_BYTES: Final = 200 * 1024 * 1024
MAX_FILES: Final = 5_000
MAX_ARCHIVE: Final = 100 * 1024 * 1024
#: The central directory is read whole before anything can be looked at.
MAX_DIRECTORY: Final = 4 * 1024 * 1024
#: Text compresses 3 to 10 times, long runs of one letter 1,000 times.
MAX_RATIO: Final = 200
#: Below this a high ratio harms nobody.
_SMALL: Final = 1024 * 1024
#: What macOS adds to zips; left out.
_APPLE: Final = ("__MACOSX",)
_JUNK_FILES: Final = frozenset((".DS_Store",))
_METHODS: Final = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_LOCATOR: Final = 20
_LOCATOR_MARK: Final = b"PK\x06\x07"
_COMMENT: Final = 65_535
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000


class Unpacked(Struct, frozen=True):
    """A new skill folder. ``left_out`` are members that no skill needs."""

    folder: str
    files: tuple[str, ...]
    left_out: tuple[str, ...]


class _Member(Struct, frozen=True):
    info: zipfile.ZipInfo
    path: str
    executable: bool


def unpack_skill(archive: Path, into: Path) -> Unpacked:
    """Unpack a .skill or .zip file as a new folder in ``into``.

    Raises:
        SkillError: it is no archive of one skill, holds what is refused, or its folder exists
            already. Nothing is left behind.
    """
    if not into.is_dir():
        raise SkillError(f"{into} is not a folder. Name a folder to unpack into.")
    try:
        _refuse_size(archive)
        with zipfile.ZipFile(archive) as opened:
            top, members, left_out = _looked_through(archive, opened)
            target = into / top
            if os.path.lexists(target):
                raise SkillError(
                    f"{target} exists already. Move it away, or unpack into another folder."
                )
            _write(archive, opened, members, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as problem:
        raise SkillError(f"{archive} is no readable zip archive: {problem}.") from problem
    except OSError as problem:
        what = problem.strerror or str(problem)
        raise SkillError(f"{archive} cannot be unpacked into {into}: {what}.") from problem
    return Unpacked(str(target), tuple(sorted(member.path for member in members)), left_out)


def _refuse_size(archive: Path) -> None:
    """Refuse an archive whose central directory alone would fill the memory.

    The record at the end is found as zipfile finds it (APPNOTE 6.3.10, section 4.3.16).
    """
    with archive.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _END.size - _COMMENT - _LOCATOR))
        tail = stream.read()
    if size > MAX_ARCHIVE:
        raise SkillError(f"{archive} is larger than {MAX_ARCHIVE // 1024 // 1024} MB: no skill is.")
    place = len(tail) - _END.size
    if tail[place : place + 4] != _END_MARK or tail[-2:] != b"\0\0":
        place = tail.rfind(_END_MARK)
    if place < 0 or len(tail) - place < _END.size:
        return  # zipfile says what it misses
    directory = _END.unpack_from(tail, place)[5]
    if tail[max(0, place - _LOCATOR) :].startswith(_LOCATOR_MARK) or directory > MAX_DIRECTORY:
        raise SkillError(f"{archive} lists far more members than a skill has. It is refused.")


def _looked_through(
    archive: Path, opened: zipfile.ZipFile
) -> tuple[str, list[_Member], tuple[str, ...]]:
    """Return the name of the new folder and what goes into it.

    Raises:
        SkillError: anything in it is not as it must be.
    """
    infos = opened.infolist()
    if len(infos) > MAX_FILES:
        raise SkillError(f"{archive} holds {len(infos):,} members; more than {MAX_FILES:,}.")
    files: list[zipfile.ZipInfo] = []
    left_out: list[str] = []
    total = 0
    for info in infos:
        _refuse_member(archive, info)
        parts = PurePosixPath(info.filename).parts
        if parts[0] in _APPLE or parts[-1] in _JUNK_FILES:
            left_out.append(info.filename)
            continue
        total += info.file_size
        if total > MAX_BYTES:
            raise SkillError(
                f"{archive} would unpack to more than {MAX_BYTES // 1024 // 1024} MB. It is "
                "refused: a small file that grows so large is made to fill a disk."
            )
        if not info.is_dir():
            files.append(info)
    _refuse_collisions(archive, files)
    top = _only_folder(archive, files)
    members = [
        _Member(
            info,
            PurePosixPath(info.filename).relative_to(top).as_posix(),
            bool((info.external_attr >> 16) & 0o100),
        )
        for info in files
    ]
    if not any(member.path in SKILL_FILES for member in members):
        raise SkillError(
            f"{archive} is no skill: there is no SKILL.md in its folder '{top}'. A skill's archive "
            "holds its folder at the top, with SKILL.md directly in it."
        )
    return top, members, tuple(sorted(left_out))


def _refuse_member(archive: Path, info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    shown = name.encode("utf-8", "backslashreplace").decode()[:200]
    problem = name_problem(name)
    if problem is None and info.flag_bits & _ENCRYPTED:
        problem = "is encrypted"
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if problem is None and kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        problem = "is a link" if stat.S_ISLNK(mode) else "is a device, socket or pipe"
    if problem is None and info.compress_type not in _METHODS:
        problem = f"is compressed by method {info.compress_type}; zip's own is deflate"
    if problem is None and info.is_dir() and info.file_size:
        problem = "is a folder with content"
    grown = info.file_size > _SMALL and info.file_size > MAX_RATIO * max(1, info.compress_size)
    if problem is None and grown:
        problem = f"grows more than {MAX_RATIO} times when unpacked, as made to fill a disk"
    if problem is not None:
        raise SkillError(f"{archive}: the member '{shown}' {problem}. Nothing was unpacked.")


def _refuse_collisions(archive: Path, files: list[zipfile.ZipInfo]) -> None:
    """Refuse two members that some file system takes for one, and a file that is a folder too."""
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for info in files:
        path = PurePosixPath(info.filename)
        key = same_file(str(path))
        if key in seen:
            raise SkillError(
                f"{archive}: '{seen[key]}' and '{info.filename}' are one file where case does not "
                "count. Nothing was unpacked."
            )
        seen[key] = info.filename
        for parent in path.parents[:-1]:
            other = folders.setdefault(same_file(str(parent)), str(parent))
            if other != str(parent):
                raise SkillError(
                    f"{archive}: the folders '{other}' and '{parent}' are one where case does not "
                    "count. Nothing was unpacked."
                )
    both = seen.keys() & folders.keys()
    if both:
        raise SkillError(
            f"{archive}: '{seen[min(both)]}' is a file and a folder. Nothing was unpacked."
        )


def _only_folder(archive: Path, files: list[zipfile.ZipInfo]) -> str:
    tops = {PurePosixPath(info.filename).parts[0] for info in files}
    at_top = [info.filename for info in files if "/" not in info.filename]
    if len(tops) != 1 or at_top:
        what = "no files" if not files else f"{len(tops)} things at its top"
        raise SkillError(
            f"{archive} holds {what}: {', '.join(sorted(tops)[:5])}. A skill's archive holds its "
            "folder alone. Unpack it by hand and pack the skill you want from it."
        )
    return tops.pop()


def _write(archive: Path, opened: zipfile.ZipFile, members: list[_Member], target: Path) -> None:
    """Write all beside the target, then rename: the folder appears whole or not at all."""
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        beside.chmod(0o755)
        for member in members:
            path = beside / member.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(member.info) as source, path.open("xb") as out:
                shutil.copyfileobj(source, out, 1024 * 1024)
            if path.stat().st_size != member.info.file_size:
                raise SkillError(
                    f"{archive}: '{member.info.filename}' is not as long as it says. Nothing was "
                    "unpacked."
                )
            path.chmod(0o755 if member.executable else 0o644)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
