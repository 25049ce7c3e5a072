"""Which proposals are based on files that have changed since, asked of the disk again and again."""

from __future__ import annotations

from pathlib import Path

from workbench.domain.proposal import Proposal
from workbench.files import FileProblem
from workbench.review.disk import look
from workbench.review.plan import ReviewProblem

#: What tells that a file is as it was: inode, time of the last change in ns, size.
_Sign = tuple[int, int, int]


class DiskHashes:
    """Hashes of files, read again only where inode, time or size are others."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[_Sign, str | None]] = {}

    def changed(self, proposal: Proposal) -> tuple[str, ...]:
        """Return the files of a proposal that are not what it is based on, links and folders too.

        Without the library itself nothing is known of its files, and none is named.
        """
        library = Path(proposal.library)
        if not library.is_dir():
            return ()
        return tuple(
            file.path for file in proposal.base if self._is_other(library, file.path, file.sha256)
        )

    def _is_other(self, library: Path, path: str, wanted: str | None) -> bool:
        target = library / path
        try:
            found = target.lstat()
        except OSError:
            return wanted is not None
        sign = (found.st_ino, found.st_mtime_ns, found.st_size)
        known = self._known.get(target)
        if known is None or known[0] != sign:
            try:
                digest = look(library, path).sha256
            except (FileProblem, ReviewProblem):
                return True
            known = self._known[target] = (sign, digest)
        return known[1] != wanted
