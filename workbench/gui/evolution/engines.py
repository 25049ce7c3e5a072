"""Which engines there are, whether they can run now, and what to know before the first run."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from workbench.gui.widgets.two_line_row import TwoLines
from workbench.plugin.manifest import PERMISSIONS, Manifest
from workbench.plugin.registry import PluginInfo, unmet_needs

_KINDS = ("evolver", "importer")

#: Where a plugin comes from, in words.
ORIGINS = {
    "bundled": "Came with the program",
    "user": "From your plugin folder",
    "installed": "From an installed package",
}


@dataclass(frozen=True, slots=True)
class Engine:
    """A plugin that proposes changes; ``missing`` is what it needs and does not have, in words."""

    plugin: PluginInfo
    missing: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The plugin's id."""
        return self.plugin.id

    @property
    def name(self) -> str:
        """The plugin's name, or its id when its manifest is broken."""
        return self.plugin.manifest.name if self.plugin.manifest else self.plugin.id

    @property
    def wants_source(self) -> bool:
        """Whether it reads another version of the library."""
        manifest = self.plugin.manifest
        return manifest is not None and "source" in manifest.needs

    @property
    def wants_traces(self) -> bool:
        """Whether traces are of use to it: every evolver may look at them."""
        return "evolver" in self.plugin.kinds

    @property
    def learns_from_traces(self) -> bool:
        """Whether traces are all it can learn from: it asks for nothing else."""
        needs = self.plugin.manifest.needs if self.plugin.manifest else ()
        parts = {part for need in needs for part in need.split("|")}
        others = {"tasks", "runner", "results", "documents"}
        return self.wants_traces and ("traces" in parts or not parts & others)

    @property
    def why_not(self) -> str:
        """Why it cannot be started, empty when it can."""
        if not self.plugin.usable:
            return self.plugin.reason or f"It is {self.plugin.state}."
        return f"It needs {' and '.join(self.missing)}." if self.missing else ""


def engines_of(plugins: Sequence[PluginInfo], available: Collection[str]) -> tuple[Engine, ...]:
    """Return the evolvers and importers, broken ones too; those that can run come first.

    Args:
        plugins: all there are.
        available: what a request can hold now ("traces", "source").
    """
    engines = [
        Engine(plugin, unmet_needs(plugin.manifest, available) if plugin.manifest else ())
        for plugin in plugins
        if set(_KINDS) & set(plugin.kinds) or plugin.manifest is None
    ]
    return tuple(sorted(engines, key=lambda engine: bool(engine.why_not)))


def engine_lines(engine: Engine) -> TwoLines:
    """Return an engine as a row."""
    manifest = engine.plugin.manifest
    why_not = engine.why_not
    about = manifest.description if manifest else ""
    return TwoLines(
        title=engine.name,
        detail=why_not or about,
        badges=(("importer", "neutral"),) if engine.plugin.kinds == ("importer",) else (),
        below=True,
        icon="lock" if why_not else "evolution",
        token="text_muted" if why_not else "accent",
        faint=bool(why_not),
        tip=f"{engine.id}\n{why_not or about}",
    )


def facts_of(engine: Engine) -> tuple[tuple[str, str], ...]:
    """Return what a person wants to know before the first run, as label and text."""
    manifest = engine.plugin.manifest
    if manifest is None:
        return (("Folder", engine.plugin.folder), ("Problem", engine.plugin.reason))
    rows = [
        ("Cost", manifest.cost_estimate or "not stated"),
        ("Same input, same result", "yes" if manifest.deterministic else "not promised"),
        ("May", _permissions(manifest)),
        ("Paper", manifest.paper),
        ("Licence", f"{manifest.licence}, version {manifest.version}"),
        ("Origin", ORIGINS[engine.plugin.origin]),
        ("Keys", ", ".join(manifest.secrets)),
    ]
    return tuple((label, text) for label, text in rows if text)


def _permissions(manifest: Manifest) -> str:
    words = [PERMISSIONS[one] for one in manifest.permissions]
    return "; ".join(words) if words else "reads its copy of the library and nothing else"
