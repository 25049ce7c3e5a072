"""Scans that were made, by what was scanned and who scanned it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from msgspec.structs import replace

from workbench.domain.finding import SkillScan
from workbench.domain.skill import Skill
from workbench.plugin.registry import PluginInfo

#: So many scans are remembered; a selection needs two for each skill it touches.
_MOST = 256


class ScanMemo:
    """Scans by what was scanned and who scanned it; kept from selection to selection.

    The base of a proposal is the same for all selections, and so is what comes of a tick set and
    taken back: neither is scanned again. Thread-safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scans: dict[tuple[str, ...], SkillScan] = {}

    def get(self, skill: Skill, plugins: Sequence[PluginInfo]) -> SkillScan | None:
        """Return the scan of a skill of this content, as one of the place where it is now."""
        with self._lock:
            found = self._scans.get(_key(skill, plugins))
        return None if found is None else replace(found, path=skill.path)

    def keep(self, skill: Skill, plugins: Sequence[PluginInfo], scan: SkillScan) -> None:
        """Remember a scan that came to its end."""
        with self._lock:
            while len(self._scans) >= _MOST:
                self._scans.pop(next(iter(self._scans)))
            self._scans[_key(skill, plugins)] = scan


def _key(skill: Skill, plugins: Sequence[PluginInfo]) -> tuple[str, ...]:
    scanners = (
        f"{one.id} {one.manifest.version if one.manifest else ''} {one.code_path}"
        for one in plugins
    )
    return (skill.id, skill.tree_hash, *scanners)
