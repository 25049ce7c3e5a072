"""What the set-up says of traces, roles and keys."""

from __future__ import annotations

import os
from collections.abc import Iterable

from workbench.plugin.registry import PluginInfo
from workbench.traces.open import OpenTrace


def needed_roles(plugins: Iterable[PluginInfo]) -> set[str]:
    """Return the roles any engine asks for."""
    return {
        need.partition(":")[2]
        for plugin in plugins
        if plugin.manifest is not None
        for need in plugin.manifest.needs
        if need.startswith("model:")
    }


def roles(needs: Iterable[str], runner: str) -> set[str]:
    """Return the roles a run could want an endpoint for."""
    found = {need.partition(":")[2] for need in needs if need.startswith("model:")}
    if runner in ("command", "loop"):
        found |= {"target", "judge"}
    return found


def trace_key(trace: OpenTrace) -> str:
    """Return what tells an open trace from others."""
    return f"{trace.path}#{trace.trajectory.id}"


def trace_words(trace: OpenTrace) -> str:
    """Return a trace as a row of a list."""
    trajectory = trace.trajectory
    return f"{trajectory.title or trace.path.name}  ({len(trajectory.steps)} steps)"


def secrets(plugin: PluginInfo) -> dict[str, str]:
    """Return the keys the plugin declares, as far as the environment has them."""
    wanted = plugin.manifest.secrets if plugin.manifest else ()
    return {name: os.environ[name] for name in wanted if name in os.environ}
