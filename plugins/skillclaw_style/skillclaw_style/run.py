"""The stages: sessions in short, a decision for each group, merges, the verifier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from skillclaw_style.results import (
    EVOLVE_SCHEMA,
    MERGE_SCHEMA,
    Result,
    Unfit,
    change_of,
    placed,
    read_result,
)
from skillclaw_style.sessions import (
    JUDGE_SCHEMA,
    SUMMARY_SCHEMA,
    Session,
    read_session,
    shown_sessions,
    worst_first,
)
from workbench.plugin.api import (
    Asker,
    Candidate,
    Change,
    Context,
    Data,
    EvidenceFound,
    JobEvent,
    Log,
    PromptFile,
    Question,
    QuoteCheck,
    Request,
    SkillInput,
    SkillTexts,
    Stage,
    TraceText,
    as_mapping,
    as_text,
    number_setting,
    past_words,
    renamed,
)

NO_SKILL = "(no skill)"
_ACCEPTED = 0.75
_A_PROMPT = 100_000
VERIFY_SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "accept": {"type": "boolean"},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "reason": {"type": "string"},
    },
    "required": ["accept", "score"],
}


@dataclass(frozen=True)
class Group:
    """Sessions that loaded a skill; ``skill`` is None for those that loaded none."""

    skill: SkillInput | None
    traces: tuple[TraceText, ...]

    @property
    def id(self) -> str:
        """The skill's id, or what stands for none."""
        return self.skill.id if self.skill is not None else NO_SKILL


class Run:
    """One run over groups of sessions."""

    def __init__(
        self,
        request: Request,
        context: Context,
        prompts: Mapping[str, PromptFile],
        groups: Sequence[Group],
    ) -> None:
        self._request = request
        self._context = context
        self._prompts = prompts
        self._groups = list(groups)
        self.asker = Asker(context, request)
        every = {trace.id: trace for group in groups for trace in group.traces}
        self._traces = [every[name] for name in sorted(every)]
        self.quotes = QuoteCheck(self._traces)
        self._sessions: dict[str, Session] = {}
        self.results: list[Result] = []
        self.silent: list[Result] = []
        self.changes: list[tuple[Result, Change]] = []
        self._max_lines = self._number("max_skill_lines", 500)

    def look(self) -> Iterator[JobEvent]:
        """Have each session summarised and judged, all at once."""
        yield Stage(name="sessions", done=0, total=len(self._traces))
        judged = self._request.settings.get("judge_sessions") is not False
        asked = [self._about("summary", SUMMARY_SCHEMA, one) for one in self._traces]
        if judged:
            asked += [self._about("judge", JUDGE_SCHEMA, one) for one in self._traces]
        answers = self.asker.ask(asked)
        count = len(self._traces)
        verdicts = answers[count:] if judged else [None] * count
        for trace, summary, verdict in zip(self._traces, answers[:count], verdicts, strict=True):
            session = read_session(trace, summary, verdict, self.quotes)
            self._sessions[trace.id] = session
            for one in session.moments:
                yield EvidenceFound(trace=one.trace, step=one.step_first, finding=one.quote[:200])
        yield Stage(name="sessions", done=count, total=count)

    def decide(self) -> Iterator[JobEvent]:
        """Ask what to do for each group, all at once."""
        yield Stage(name="evolve", done=0, total=len(self._groups))
        most = self._number("max_sessions", 30)
        shown = [
            worst_first([self._sessions[one.id] for one in group.traces], most)
            for group in self._groups
        ]
        asked = [self._decision(*pair) for pair in zip(self._groups, shown, strict=True)]
        answers = self.asker.ask(asked)
        rows = zip(self._groups, shown, answers, strict=True)
        for number, (group, sessions, answer) in enumerate(rows, 1):
            if answer is None:
                continue
            result = read_result(answer, group.id, sessions, self.quotes, f"g{number}.")
            if result.at_fault in ("agent", "environment", "task"):
                self.silent.append(result)
                continue
            if result.action == "skip":
                yield Log(text=f"{group.id}: nothing to change. {result.rationale[:300]}")
                continue
            try:
                self.results.append(placed(result, self._request, group.skill))
            except Unfit as problem:
                yield Log(text=f"{group.id}: {result.action} was left out: {problem}.")
                continue
            yield Candidate(id=f"{group.id}:{result.action}", summary=result.rationale[:300])
        yield Stage(name="evolve", done=len(self._groups), total=len(self._groups))

    def merge(self) -> Iterator[JobEvent]:
        """Make one of results for the same skill."""
        by_folder: dict[str, list[Result]] = {}
        for result in self.results:
            by_folder.setdefault(result.folder, []).append(result)
        rows = [(folder, found) for folder, found in by_folder.items() if self._is_shared(found)]
        if rows:
            yield Stage(name="merge", done=0, total=len(rows))
        answers = self.asker.ask([self._merge_question(*row) for row in rows])
        for (folder, found), answer in zip(rows, answers, strict=True):
            best = max(found, key=lambda one: one.sessions)
            body = as_text((answer or {}).get("content")).strip()
            if not body:
                words = f"{folder}: {len(found)} results could not be merged"
                if len(found) > 1:
                    by_folder[folder] = [best]
                    yield Log(text=f"{words}: that of {best.group} is kept.")
                else:
                    del by_folder[folder]
                    yield Log(text=f"{words} with the skill of that name: left out.")
                continue
            by_folder[folder] = [self._merged(best, found, answer or {}, body)]
            parents = tuple(f"{one.group}:{one.action}" for one in found)
            yield Candidate(id=f"{folder}:merged", parents=parents, summary=best.rationale[:300])
        self.results = [one for found in by_folder.values() for one in found]

    def check(self) -> Iterator[JobEvent]:
        """Make changes of results; ask the verifier where a person wants it."""
        for result in self.results:
            try:
                change = change_of(result, self._request, self._max_lines)
            except Unfit as problem:
                yield Log(text=f"{result.folder}: {result.action} was left out: {problem}.")
                continue
            self.changes.append((result, change))
        if self._request.settings.get("verify") is not True or not self.changes:
            return
        yield Stage(name="verify", done=0, total=len(self.changes))
        answers = self.asker.ask([self._verify_question(*pair) for pair in self.changes])
        kept: list[tuple[Result, Change]] = []
        for pair, answer in zip(self.changes, answers, strict=True):
            score = (answer or {}).get("score")
            good = isinstance(score, int | float) and score >= _ACCEPTED
            if good and (answer or {}).get("accept") is True:
                kept.append(pair)
            else:
                why = as_text((answer or {}).get("reason")) or "it gave no verdict"
                yield Log(text=f"{pair[0].folder}: the verifier does not accept it: {why[:300]}")
        self.changes = kept

    def _is_shared(self, found: Sequence[Result]) -> bool:
        """Whether there are several texts of that name, the skill's own among them."""
        made_anew = any(one.action == "create_skill" and one.target for one in found)
        return len(found) > 1 or made_anew

    def _merged(
        self, best: Result, found: Sequence[Result], answer: Mapping[str, object], body: str
    ) -> Result:
        description = " ".join(as_text(as_mapping(answer).get("description")).split())
        return replace(
            best,
            action="improve_skill" if best.target is not None else "create_skill",
            content=body,
            description=description or best.description,
            evidence=renamed(one for result in found for one in result.evidence),
            rationale="\n".join(f"{one.group}: {one.rationale}" for one in found),
            preserved=(),
        )

    # Questions

    def _about(self, name: str, schema: dict[str, object], trace: TraceText) -> Question:
        text = trace.shown(self._number("trace_characters", 60_000))
        values: dict[str, str | int | Data] = {"session": Data(f"session {trace.id}", text)}
        role = "judge" if name == "judge" else "proposer"
        return Question(self._prompts[name], values, schema, f"{name}: {trace.id}", role)

    def _decision(self, group: Group, sessions: Sequence[Session]) -> Question:
        history = past_words(self._request.history, group.skill)
        values: dict[str, str | int | Data] = {
            "sessions": Data("sessions", shown_sessions(sessions)[:_A_PROMPT]),
            "history": Data("earlier proposals", history),
            "max_lines": self._max_lines,
        }
        if group.skill is not None:
            text = SkillTexts(group.skill).shown(self._number("skill_characters", 60_000))
            values["skill"] = Data(f"skill {group.id}", text)
        else:
            rows = (f"- {one.name}: {one.description[:300]}" for one in self._request.skills)
            values["skills"] = Data("skills", "\n".join(rows) or "(none)")
        name = "evolve" if group.skill is not None else "create"
        return Question(self._prompts[name], values, EVOLVE_SCHEMA, f"{name}: {group.id}")

    def _merge_question(self, folder: str, found: Sequence[Result]) -> Question:
        parts: list[str] = []
        target = found[0].target
        if target is not None:
            parts.append(f"== as it is ==\n{SkillTexts(target).shown(_A_PROMPT // 2)}")
        for one in found:
            text = one.content or "(the body as it is)"
            parts.append(f"== from {one.group} ==\ndescription: {one.description}\n\n{text}")
        values: dict[str, str | int | Data] = {
            "versions": Data("versions", "\n\n".join(parts)[:_A_PROMPT]),
            "max_lines": self._max_lines,
        }
        return Question(self._prompts["merge"], values, MERGE_SCHEMA, f"merge: {folder}")

    def _verify_question(self, result: Result, change: Change) -> Question:
        before = "(none)"
        if result.target is not None:
            texts = SkillTexts(result.target)
            before = texts.texts.get(texts.main, "(none)")
        quotes = (f"{one.trace}, step {one.step_first}: {one.quote}" for one in result.evidence)
        values: dict[str, str | int | Data] = {
            "before": Data("old version", before),
            "after": Data("new version", change.new_text or ""),
            "evidence": Data("evidence", "\n".join(quotes)),
        }
        label = f"verify: {result.folder}"
        return Question(self._prompts["verify"], values, VERIFY_SCHEMA, label, "judge")

    def _number(self, name: str, default: int) -> int:
        return int(number_setting(self._request, name, default))
