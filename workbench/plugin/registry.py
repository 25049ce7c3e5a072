"""Which plugins there are, where they come from, and whether the user trusts them.

Discovery reads ``plugin.toml`` files alone; code is imported in the worker. Running in a process of
its own keeps the program stable; it is no sandbox, so a plugin that did not come with the program
stays disabled until the user enables it.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from workbench.domain.job import PluginKind
from workbench.files import write_atomic
from workbench.plugin.entry_points import entry_point_folders
from workbench.plugin.manifest import MANIFEST_NAME, Manifest, ManifestProblem, load, words_for_need
from workbench.resources import bundled

Origin = Literal["bundled", "user", "installed"]
PluginState = Literal["bundled", "enabled", "disabled", "broken"]


class PluginInfo(Struct, frozen=True):
    """A plugin as found. ``manifest`` is None only when it is broken; ``reason`` says why.

    ``code_path`` is the folder to put on the module search path before its entry is imported.
    """

    id: str
    folder: str
    code_path: str
    origin: Origin
    state: PluginState
    reason: str = ""
    problems: tuple[str, ...] = ()
    manifest: Manifest | None = None

    @property
    def usable(self) -> bool:
        """Whether a job may be started with it."""
        return self.manifest is not None and self.state in ("bundled", "enabled")

    @property
    def kinds(self) -> tuple[PluginKind, ...]:
        """What it gives; empty when it is broken."""
        return self.manifest.kinds if self.manifest else ()


class _Trust(Struct, frozen=True):
    """The user's word on one plugin, with what it asked for at that time."""

    enabled: bool
    permissions: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()


class _TrustFile(Struct):
    plugins: dict[str, _Trust] = {}
    version: int = 1


class UnknownPlugin(KeyError):  # noqa: N818 - a problem for a person, in words
    """No plugin has that id."""

    def __str__(self) -> str:
        return str(self.args[0])


class Registry:
    """The plugins of some folders and of installed packages (group ``skill_workbench.plugins``).

    Args:
        folders: each holds plugins as sub-folders; the bundled one is known as such.
        state_file: where the user's trust is kept (JSON).
        installed: whether to look at entry points of installed packages.
    """

    def __init__(
        self, folders: Sequence[Path], state_file: Path, *, installed: bool = True
    ) -> None:
        self._folders = tuple(folders)
        self._state_file = state_file
        self._installed = installed
        self._in_folders: tuple[PluginInfo, ...] | None = None
        self._in_packages: tuple[PluginInfo, ...] | None = None

    @classmethod
    def of_user(cls, own_plugins: Path, state_file: Path) -> Registry:
        """Return the registry of the bundled plugins and those in the user's own folder."""
        return cls((bundled("plugins"), own_plugins), state_file)

    @property
    def plugins(self) -> tuple[PluginInfo, ...]:
        """All plugins, broken ones too, in order of discovery."""
        found = self._of_folders()
        if self._in_packages is None:
            places = entry_point_folders() if self._installed else ()
            self._in_packages = self._read([(*place, "installed") for place in places], found)
        return found + self._in_packages

    def refresh(self) -> None:
        """Look again at folders and packages when asked next."""
        self._in_folders = self._in_packages = None

    def get(self, plugin_id: str) -> PluginInfo:
        """Return the plugin of that id; packages are asked only when no folder has it.

        Raises:
            UnknownPlugin: there is none.
        """
        for plugin in self._of_folders():
            if plugin.id == plugin_id:
                return plugin
        for plugin in self.plugins:
            if plugin.id == plugin_id:
                return plugin
        known = ", ".join(sorted(plugin.id for plugin in self.plugins)) or "none"
        raise UnknownPlugin(f"There is no plugin '{plugin_id}'. There are: {known}.")

    def of_kind(self, kind: PluginKind) -> tuple[PluginInfo, ...]:
        """Return the plugins of that kind that may run."""
        return tuple(plugin for plugin in self.plugins if plugin.usable and kind in plugin.kinds)

    def set_enabled(self, plugin_id: str, enabled: bool) -> PluginInfo:
        """Keep the user's word and return the plugin as it now is.

        Raises:
            UnknownPlugin: there is none of that id.
            FileProblem: the state file cannot be written.
        """
        manifest = self.get(plugin_id).manifest
        trust = self._trust()
        trust.plugins[plugin_id] = _Trust(
            enabled,
            manifest.permissions if manifest else (),
            manifest.secrets if manifest else (),
        )
        write_atomic(self._state_file, msgspec.json.format(msgspec.json.encode(trust)) + b"\n")
        self.refresh()
        return self.get(plugin_id)

    def _trust(self) -> _TrustFile:
        try:
            return msgspec.json.decode(self._state_file.read_bytes(), type=_TrustFile)
        except (OSError, msgspec.MsgspecError):
            # Unreadable trust is no trust: what the user enabled must be enabled again.
            return _TrustFile()

    def _of_folders(self) -> tuple[PluginInfo, ...]:
        if self._in_folders is None:
            ours = bundled("plugins").resolve()
            places: list[tuple[Path, Path, Origin]] = []
            for parent in self._folders:
                origin: Origin = "bundled" if parent.resolve() == ours else "user"
                places += [(folder, folder, origin) for folder in _plugin_folders(parent)]
            self._in_folders = self._read(places, ())
        return self._in_folders

    def _read(
        self, places: Sequence[tuple[Path, Path, Origin]], before: Sequence[PluginInfo]
    ) -> tuple[PluginInfo, ...]:
        """Read manifests; an id that another plugin has already makes a plugin broken."""
        trust = self._trust()
        taken = {plugin.id: plugin.folder for plugin in before}
        found: list[PluginInfo] = []
        for folder, code_path, origin in places:
            plugin = _read_plugin(folder, code_path, origin, trust)
            if plugin.id in taken:
                reason = f"The id '{plugin.id}' is taken by {taken[plugin.id]}. Remove one of them."
                plugin = replace(plugin, state="broken", reason=reason)
            taken.setdefault(plugin.id, plugin.folder)
            found.append(plugin)
        return tuple(found)


def _plugin_folders(parent: Path) -> list[Path]:
    try:
        entries = sorted(parent.iterdir())
    except OSError:
        return []
    return [entry for entry in entries if (entry / MANIFEST_NAME).is_file()]


def _read_plugin(folder: Path, code_path: Path, origin: Origin, trust: _TrustFile) -> PluginInfo:
    found = PluginInfo(
        id=folder.name, folder=str(folder), code_path=str(code_path), origin=origin, state="broken"
    )
    try:
        manifest = load(folder)
    except ManifestProblem as problem:
        return replace(found, reason=str(problem), problems=problem.problems)
    state, reason = _state(manifest, origin, trust.plugins.get(manifest.id))
    return replace(found, id=manifest.id, state=state, reason=reason, manifest=manifest)


def _state(manifest: Manifest, origin: Origin, word: _Trust | None) -> tuple[PluginState, str]:
    if origin == "bundled":
        if word is not None and not word.enabled:
            return "disabled", "You disabled it."
        return "bundled", ""
    if word is None:
        return "disabled", "It did not come with the program; enable it if you trust its author."
    if not word.enabled:
        return "disabled", "You disabled it."
    more = {*manifest.permissions, *manifest.secrets} - {*word.permissions, *word.secrets}
    if more:
        asked = ", ".join(sorted(more))
        return "disabled", f"It now asks for more than when you enabled it: {asked}. Enable again."
    return "enabled", ""


def unmet_needs(manifest: Manifest, available: Collection[str]) -> tuple[str, ...]:
    """Return what the plugin needs and does not have, in words.

    Args:
        manifest: the plugin's.
        available: what the request will hold: "traces", "tasks", "source", "model:judge" ...
            Programs and Python packages are looked for on this machine.
    """
    return tuple(words_for_need(need) for need in manifest.needs if not is_met(need, available))


def is_met(need: str, available: Collection[str]) -> bool:
    """Say whether a need of a manifest is met; ``available`` as for ``unmet_needs``."""
    if "|" in need:
        return any(is_met(one, available) for one in need.split("|"))
    kind, _, name = need.partition(":")
    if kind == "program":
        return shutil.which(name) is not None
    if kind == "python":
        return importlib.util.find_spec(name.partition(".")[0]) is not None
    return need in available
