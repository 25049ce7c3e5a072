"""What the records of a file say of the whole run, not of any step."""

from __future__ import annotations

from msgspec import Struct

from workbench.domain.trajectory import Metrics
from workbench.traces.claude.drafts import metrics_of
from workbench.traces.claude.lines import Envelope
from workbench.traces.json_values import one_line


class Facts(Struct):
    """What the records say of the whole run."""

    session: str | None = None
    version: str | None = None
    cwd: str | None = None
    titles: dict[str, str] = {}
    cost: float | None = None
    usage: Metrics | None = None
    results: int = 0
    failed: bool = False
    reason: str = ""

    def note(self, rest: Envelope) -> None:
        """Take what the record tells."""
        self.session = self.session or rest.session_id or rest.stream_session
        self.cwd = self.cwd or rest.cwd
        self.version = rest.version or rest.stream_version or self.version
        for kind, title in (
            ("custom", rest.custom_title),
            ("ai", rest.ai_title),
            (rest.type, rest.summary or rest.title),
        ):
            if title:
                self.titles[kind] = one_line(title)
        if rest.type == "result":
            self.results += 1
            self.cost = rest.total_cost_usd if rest.total_cost_usd is not None else self.cost
            self.usage = metrics_of(rest.usage)
            self.failed = bool(rest.is_error) or (rest.subtype or "").startswith("error")
            self.reason = rest.subtype or ""
