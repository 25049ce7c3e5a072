"""Where the program keeps what is its own (design 7): never inside a skill."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_APPLICATION = "skill-workbench"

#: Overrides every folder; used by tests, portable installs and several profiles on one machine.
HOME_VARIABLE = "SKILL_WORKBENCH_HOME"


@dataclass(frozen=True, slots=True)
class UserFolders:
    """The folders of one user. None of them is created before something is written."""

    config: Path
    data: Path
    state: Path
    cache: Path

    @classmethod
    def default(cls) -> UserFolders:
        """Return the platform's folders, or those below ``SKILL_WORKBENCH_HOME``."""
        home = os.environ.get(HOME_VARIABLE)
        if home:
            return cls.below(Path(home).expanduser().absolute())
        import platformdirs  # a hundredth of a second that a chosen home does not need

        dirs = platformdirs.PlatformDirs(_APPLICATION, appauthor=False)
        return cls(
            Path(dirs.user_config_dir),
            Path(dirs.user_data_dir),
            Path(dirs.user_state_dir),
            Path(dirs.user_cache_dir),
        )

    @classmethod
    def below(cls, home: Path) -> UserFolders:
        """Return the four folders below one."""
        return cls(home / "config", home / "data", home / "state", home / "cache")

    @property
    def prices_file(self) -> Path:
        """The user's own prices of model APIs, in place of bundled ones."""
        return self.config / "prices.toml"

    @property
    def annotations(self) -> Path:
        """What the user wrote about traces, as JSON lines."""
        return self.data / "annotations.jsonl"

    @property
    def trace_folders(self) -> Path:
        """The folders whose sessions the user watches."""
        return self.config / "trace-folders.json"

    @property
    def usage_libraries(self) -> Path:
        """Libraries whose use is counted beside the open one."""
        return self.config / "usage-libraries.json"

    @property
    def trace_index(self) -> Path:
        """What is known of watched traces; made anew from them at any time."""
        return self.cache / "traces.db"

    @property
    def endpoints(self) -> Path:
        """The user's model servers; keys are not in it."""
        return self.config / "endpoints.toml"

    @property
    def plugins(self) -> Path:
        """The user's own plugins."""
        return self.data / "plugins"

    @property
    def proposals(self) -> Path:
        """The user's proposal store."""
        return self.data / "proposals"

    @property
    def history(self) -> Path:
        """Versions of libraries that are in no git repository."""
        return self.data / "history"

    @property
    def runs(self) -> Path:
        """Run folders of jobs with their journals."""
        return self.state / "runs"
