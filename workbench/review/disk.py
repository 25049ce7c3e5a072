"""Files of a library on disk: looked at, replaced together, put back."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

from workbench.domain.proposal import Receipt, ReceiptFile
from workbench.files import FileProblem, confined, sha256, sync_folder
from workbench.review.plan import ReviewProblem, check_path

ReadContent = Callable[[str], bytes]


class DiskFile(Struct, frozen=True):
    """A file as it is now; None and None when there is nothing. ``mode`` are permission bits."""

    path: str
    data: bytes | None
    mode: int | None

    @property
    def sha256(self) -> str | None:
        """The hash of the content, None when there is no file."""
        return None if self.data is None else sha256(self.data)


def look(library: Path, path: str) -> DiskFile:
    """Return a file of the library without following a link.

    Raises:
        ReviewProblem: the path leaves the library, passes through a link, or is no regular file.
        FileProblem: it cannot be read.
    """
    check_path(path)
    target = _inside(library, path)
    try:
        found = target.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return DiskFile(path, None, None)
    except OSError as problem:
        raise FileProblem(f"Cannot read {target}: {problem.strerror}.") from problem
    if not stat.S_ISREG(found.st_mode):
        raise ReviewProblem(
            f"{target} is no regular file (a folder, device or pipe); nothing was touched. Move it "
            "away, then try again."
        )
    try:
        data = target.read_bytes()
    except OSError as problem:
        raise FileProblem(f"Cannot read {target}: {problem.strerror}.") from problem
    return DiskFile(path, data, stat.S_IMODE(found.st_mode))


def missing_folders(library: Path, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the folders that have to be made for ``paths``, the innermost first."""
    missing: set[str] = set()
    for path in paths:
        for parent in PurePosixPath(path).parents:
            if parent.parts and not (library / parent).exists():
                missing.add(parent.as_posix())
    return tuple(sorted(missing, key=lambda name: (-name.count("/"), name)))


def permissions(before: int | None, mode: str | None) -> int:
    """Return permission bits for a git mode: those there are, with or without the execute bits."""
    if mode is None:
        return 0o644 if before is None else before
    if before is None:
        return 0o755 if mode == "100755" else 0o644
    if mode != "100755":
        return before & ~0o111
    return before if before & 0o100 else before | ((before & 0o444) >> 2)


def write_all(library: Path, receipt: Receipt, content: ReadContent) -> None:
    """Replace all files of a receipt: every new file is on the disk before the first is replaced.

    A full disk or a read-only folder is met while nothing has changed yet.

    Raises:
        ReviewProblem: a file is not what the receipt says any more.
        FileProblem: a file cannot be written. Files replaced so far stay: ``put_back`` is next.
    """
    staged: list[tuple[ReceiptFile, Path | None]] = []
    try:
        for file in receipt.files:
            staged.append((file, None))
            if file.after_sha256 is not None:
                data = content(file.after_sha256)
                staged[-1] = (file, _stage(library, receipt, file.path, data, file.after_mode))
        for file, temporary in staged:
            _replace(library, file, temporary)
    finally:
        for _, temporary in staged:
            if temporary is not None:
                temporary.unlink(missing_ok=True)


def put_back(library: Path, receipt: Receipt, content: ReadContent) -> tuple[str, ...]:
    """Bring every file of a receipt back to its state before; return those that could not be.

    A file that is neither side of the receipt was changed by someone else since: it stays.

    Raises:
        FileProblem: a file cannot be written back.
    """
    remove_staged(library, receipt)
    foreign: list[str] = []
    for file in reversed(receipt.files):
        found = look(library, file.path)
        if _is(found, file.before_sha256, file.before_mode):
            continue
        if found.sha256 not in (file.after_sha256, file.before_sha256):
            foreign.append(file.path)
        elif file.before_sha256 is None:
            _inside(library, file.path).unlink()
        else:
            _restore(library, receipt, file, content(file.before_sha256), found.mode)
    for folder in receipt.created_folders:
        with contextlib.suppress(OSError):  # someone else uses it by now
            (library / folder).rmdir()
    return tuple(foreign)


def is_after(library: Path, receipt: Receipt) -> bool:
    """Say whether every file is as the receipt leaves it."""
    return not changed_since(library, receipt)


def changed_since(library: Path, receipt: Receipt) -> tuple[str, ...]:
    """Return the files that are not as the receipt left them.

    Permissions count where the receipt changed them, and of those the execute bit alone: some
    file systems (FAT, mounted Windows disks) show bits of their own.
    """
    return tuple(
        file.path for file in receipt.files if not _is_after(look(library, file.path), file)
    )


def remove_staged(library: Path, receipt: Receipt) -> None:
    """Remove temporary files that a killed program left beside the files of a receipt."""
    for file in receipt.files:
        target = _inside(library, file.path)
        prefix, suffix = _staged_name(receipt, target.name)
        with contextlib.suppress(OSError):
            for entry in list(target.parent.iterdir()):
                if entry.name.startswith(prefix) and entry.name.endswith(suffix):
                    entry.unlink(missing_ok=True)


def _is(found: DiskFile, digest: str | None, mode: str | None) -> bool:
    return found.sha256 == digest and (
        found.mode is None or mode is None or found.mode == int(mode, 8)
    )


def _is_after(found: DiskFile, file: ReceiptFile) -> bool:
    if found.sha256 != file.after_sha256:
        return False
    if found.mode is None or file.after_mode is None or file.before_mode is None:
        return True
    before, after = (int(mode, 8) & 0o100 for mode in (file.before_mode, file.after_mode))
    return before == after or found.mode & 0o100 == after


def _inside(library: Path, path: str) -> Path:
    try:
        return confined(library, path)
    except FileProblem as problem:
        raise ReviewProblem(str(problem)) from problem


def _staged_name(receipt: Receipt, name: str) -> tuple[str, str]:
    # Cut: a name may be as long as the file system allows.
    return f".{name[:60]}.{receipt.content_hash[:12]}.", ".tmp"


def _restore(
    library: Path, receipt: Receipt, file: ReceiptFile, data: bytes, mode: int | None
) -> None:
    """Put one file back; a kill in between leaves a file that the next recovery knows as ours."""
    wanted = file.before_mode or (None if mode is None else f"{mode:o}")
    temporary = _stage(library, receipt, file.path, data, wanted)
    target = _inside(library, file.path)
    try:
        temporary.replace(target)
        sync_folder(target.parent)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise _cannot_write(target, problem) from problem


def _stage(library: Path, receipt: Receipt, path: str, data: bytes, mode: str | None) -> Path:
    """Write content beside its place, under a name that tells whose it is."""
    target = _inside(library, path)
    prefix, suffix = _staged_name(receipt, target.name)
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=target.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(int(mode or "644", 8))
    except BaseException as problem:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(problem, OSError):
            raise _cannot_write(target, problem) from problem
        raise
    return temporary


def _replace(library: Path, file: ReceiptFile, temporary: Path | None) -> None:
    found = look(library, file.path)
    if found.sha256 != file.before_sha256:
        raise ReviewProblem(
            f"{library / file.path} was changed by another program just now. Try again: the "
            "proposal will be compared with the new version."
        )
    target = _inside(library, file.path)
    try:
        if temporary is None:
            target.unlink(missing_ok=True)
            _remove_empty(library, target.parent)
        else:
            temporary.replace(target)
        sync_folder(target.parent)
    except OSError as problem:
        raise _cannot_write(target, problem) from problem


def _remove_empty(library: Path, folder: Path) -> None:
    """Remove the folders that a deleted file leaves empty; git would not keep them either."""
    while folder != library and library in folder.parents:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _cannot_write(target: Path, problem: OSError) -> FileProblem:
    return FileProblem(
        f"Cannot write {target}: {problem.strerror or problem}. Free some room or change its "
        "permissions, then try again."
    )
