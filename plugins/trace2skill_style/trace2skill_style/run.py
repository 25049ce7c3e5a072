"""The stages of a run. Each goes over all skills, so that all it has to ask is asked at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from trace2skill_style.anchors import TRANSLATE_SCHEMA, anchored, mended, needs_place
from trace2skill_style.merging import (
    MERGE_SCHEMA,
    groups,
    independent,
    put_together,
    read_merge,
    shown,
    shown_patches,
)
from trace2skill_style.patches import MAP_SCHEMA, Patch, read_patch
from trace2skill_style.repair import REPAIR_SCHEMA, repaired
from workbench.plugin.api import (
    Asker,
    Candidate,
    Claim,
    Context,
    Data,
    EvidenceFound,
    FormatProblem,
    JobEvent,
    Log,
    Patched,
    PromptFile,
    Question,
    QuoteCheck,
    Request,
    SkillTexts,
    Stage,
    TraceText,
    number_setting,
    numbered,
    past_words,
    turned_down,
)

_A_PROMPT = 80_000


@dataclass
class Work:
    """What becomes of one skill."""

    texts: SkillTexts
    traces: list[TraceText]
    patches: list[Patch] = field(default_factory=list)
    silent: list[Patch] = field(default_factory=list)
    levels: int = 0
    patched: Patched | None = None

    @property
    def id(self) -> str:
        """The skill's id."""
        return self.texts.skill.id

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The edits of what is merged."""
        return self.patches[0].claims if self.patches else ()


class Run:
    """Map, reduce, translate, apply and verify over some skills."""

    def __init__(
        self,
        request: Request,
        context: Context,
        prompts: Mapping[str, PromptFile],
        works: Sequence[Work],
        names: Mapping[str, str],
    ) -> None:
        self._request = request
        self._context = context
        self._prompts = prompts
        self.works = list(works)
        self._names = names
        self.asker = Asker(context, request)
        self.quotes = QuoteCheck(trace for work in works for trace in work.traces)
        self._max_lines = self._number("max_skill_lines", 500)
        self._limits = (self._max_lines, self._number("max_references", 5))

    def map_traces(self) -> Iterator[JobEvent]:
        """Ask for one patch for each trace of each skill."""
        pairs = [(work, trace) for work in self.works for trace in work.traces]
        yield Stage(name="map", done=0, total=len(pairs))
        asked = [self._map_question(work, trace) for work, trace in pairs]
        turned = turned_down(self._request.history)
        for (work, trace), answer in zip(pairs, self.asker.ask(asked), strict=True):
            if answer is None:
                continue
            name = self._names[trace.id]
            patch, problems = read_patch(
                answer, name, trace=trace, texts=work.texts, quotes=self.quotes, turned=turned
            )
            yield from _logged(work, problems)
            (work.patches if patch.claims else work.silent).append(patch)
            for claim in patch.claims:
                for one in claim.evidence:
                    words = claim.edit.reason or claim.edit.content
                    yield EvidenceFound(trace=one.trace, step=one.step_first, finding=words[:200])
        for work in self.works:
            for patch in work.patches:
                yield Candidate(id=f"{work.id}:{patch.name}", summary=patch.reasoning[:300])
        yield Stage(name="map", done=len(pairs), total=len(pairs))

    def reduce(self) -> Iterator[JobEvent]:
        """Merge the patches of each skill until there is one."""
        size, most = self._number("merge_size", 5), self._number("merge_levels", 5)
        for level in range(1, most + 1):
            rows = [
                (work, number, group)
                for work in self.works
                if len(work.patches) > 1
                for number, group in enumerate(groups(work.patches, size), 1)
            ]
            if not rows:
                break
            yield Stage(name=f"merge, level {level}", done=0, total=len(rows))
            asked = [self._merge_question(work, group) for work, _, group in rows if len(group) > 1]
            answers = iter(self.asker.ask(asked))
            merged: dict[str, list[Patch]] = {}
            for work, number, group in rows:
                made = merged.setdefault(work.id, [])
                if len(group) == 1:
                    made += group
                    continue
                name = f"m{level}-{number}"
                patch, problems = self._merged(next(answers), name, group, work)
                yield from _logged(work, problems)
                parents = tuple(f"{work.id}:{one.name}" for one in group)
                yield Candidate(id=f"{work.id}:{name}", parents=parents, summary=patch.reasoning)
                made.append(patch)
            for work in self.works:
                if work.id in merged:
                    work.patches, work.levels = merged[work.id], level
        for work in self.works:
            if len(work.patches) > 1:
                patch, problems = put_together("all", work.patches, work.texts)
                yield from _logged(work, problems)
                work.patches = [patch]

    def translate(self) -> Iterator[JobEvent]:
        """Move each edit to an exact place; a model is asked where a program finds none."""
        for work in self.works:
            self._keep(
                work, [replace(one, edit=mended(one.edit, work.texts)) for one in work.claims]
            )
        rows = [
            (work, claim)
            for work in self.works
            for claim in work.claims
            if needs_place(claim.edit, work.texts)
        ]
        yield Stage(name="translate", done=0, total=len(rows))
        answers = self.asker.ask([self._place_question(work, claim) for work, claim in rows])
        for (work, claim), answer in zip(rows, answers, strict=True):
            edit = anchored(claim.edit, work.texts, answer) if answer is not None else None
            moved = [replace(claim, edit=edit)] if edit is not None else []
            at = next(at for at, one in enumerate(work.claims) if one is claim)
            self._keep(work, [*work.claims[:at], *moved, *work.claims[at + 1 :]])
            if not moved:
                words = f"Edit {claim.edit.id} was left out: no place was found for it."
                yield from _logged(work, [words])

    def verify(self) -> Iterator[JobEvent]:
        """Carry the edits out and check the result, with some rounds of repair."""
        for work in self.works:
            kept, problems = independent(work.claims, work.texts)
            yield from _logged(work, problems)
            self._keep(work, kept)
        for number in range(1, self._number("repair_rounds", 3) + 1):
            rows = [(work, wrong) for work in self.works if (wrong := self._wrong(work))]
            if not rows:
                break
            yield Stage(name=f"repair, round {number}", done=0, total=len(rows))
            asked = [self._repair_question(work, wrong) for work, wrong in rows]
            for (work, _), answer in zip(rows, self.asker.ask(asked), strict=True):
                if answer is not None:
                    claims, problems = repaired(work.claims, answer, f"r{number}")
                    yield from _logged(work, problems)
                    self._keep(work, claims)
        for work in self.works:
            patched, words = work.texts.well_formed(
                work.claims, *self._limits, self._request.budget.max_hunks
            )
            yield from _logged(work, words)
            work.patched = patched if patched.done else None

    def _wrong(self, work: Work) -> tuple[FormatProblem, ...]:
        if not work.claims:
            return ()
        patched = work.texts.patched(work.claims)
        return work.texts.problems(patched, *self._limits)

    def _keep(self, work: Work, claims: Sequence[Claim]) -> None:
        work.patches = [
            Patch(one.name, one.runs, tuple(claims), one.reasoning, one.changelog)
            for one in work.patches[:1]
        ]

    def _merged(
        self, answer: Mapping[str, object] | None, name: str, group: Sequence[Patch], work: Work
    ) -> tuple[Patch, list[str]]:
        if answer is None:
            return put_together(name, group, work.texts)
        return read_merge(answer, name, group, work.texts)

    # Questions

    def _map_question(self, work: Work, trace: TraceText) -> Question:
        values: dict[str, str | int | Data] = {
            "skill": self._skill(work),
            "trace": Data(f"run {trace.id}", trace.shown(self._number("trace_characters", 60_000))),
            "history": Data(
                "earlier proposals", past_words(self._request.history, work.texts.skill)
            ),
            "max_lines": self._max_lines,
        }
        return Question(self._prompts["map"], values, MAP_SCHEMA, f"map {work.id}: {trace.id}")

    def _merge_question(self, work: Work, group: Sequence[Patch]) -> Question:
        values: dict[str, str | int | Data] = {
            "skill": self._skill(work),
            "patches": Data("patches", shown_patches(group)[:_A_PROMPT]),
            "max_lines": self._max_lines,
        }
        names = ", ".join(patch.name for patch in group)
        return Question(self._prompts["merge"], values, MERGE_SCHEMA, f"merge {work.id}: {names}")

    def _place_question(self, work: Work, claim: Claim) -> Question:
        file = claim.edit.file
        values: dict[str, str | int | Data] = {
            "file": Data(file, numbered(work.texts.texts[file])),
            "edit": Data("edit", shown([claim])),
        }
        label = f"place {work.id}: {claim.edit.id}"
        return Question(self._prompts["translate"], values, TRANSLATE_SCHEMA, label)

    def _repair_question(self, work: Work, wrong: Sequence[FormatProblem]) -> Question:
        values: dict[str, str | int | Data] = {
            "skill": self._skill(work),
            "edits": Data("edits", shown(work.claims)[:_A_PROMPT]),
            "problems": Data("problems", "\n".join(f"- {one.file}: {one.words}" for one in wrong)),
            "max_lines": self._max_lines,
        }
        return Question(self._prompts["repair"], values, REPAIR_SCHEMA, f"repair {work.id}")

    def _skill(self, work: Work) -> Data:
        most = self._number("skill_characters", 60_000)
        return Data(f"skill {work.id}", work.texts.shown(most))

    def _number(self, name: str, default: int) -> int:
        return int(number_setting(self._request, name, default))


def _logged(work: Work, problems: Sequence[str]) -> Iterator[JobEvent]:
    for words in problems:
        yield Log(text=f"{work.id}: {words}")
