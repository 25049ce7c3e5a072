"""From what a skill adds to what should become of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from lifecycle.marginal import Marginal, confined_to
from workbench.plugin.api import (
    Change,
    ProposalDraft,
    Request,
    Score,
    SkillInput,
    SourceProblem,
    front_and_body,
    number_setting,
    path_in,
    skill_file,
    text_with_body,
)

Verdict = Literal[
    "keep", "retire", "quarantine", "narrow", "masked", "unused", "confounded", "too_few"
]

WORDS: dict[Verdict, str] = {
    "keep": "adds something",
    "retire": "harms",
    "quarantine": "harms or adds nothing, not beyond chance",
    "narrow": "harms in one place only",
    "masked": "adds nothing while a harmful skill is there",
    "unused": "is never read",
    "confounded": "was never left out alone",
    "too_few": "too few uses to say",
}
HIDDEN = "disable-model-invocation"
_FRONT_END = re.compile(r"\A\ufeff?---[ \t]*\r?\n(?:.*?\r?\n)??(?=---[ \t]*(?:\r?\n|\Z))", re.S)
_MAX_DESCRIPTION = 1024


class Thresholds(NamedTuple):
    """The limits a person chose."""

    min_uses: int
    least_gain: float
    most_chance: float

    @classmethod
    def of(cls, request: Request) -> Thresholds:
        """Read them from the settings."""
        return cls(
            int(number_setting(request, "min_uses", 5)),
            number_setting(request, "least_gain", 0.02),
            number_setting(request, "most_chance", 0.1),
        )


def verdict_of(one: Marginal, limits: Thresholds) -> Verdict:
    """Decide from exact leave-one-out pairs alone; what is confounded decides nothing."""
    if one.is_recorded and not one.uses and one.present >= limits.min_uses:
        return "unused"
    if one.uses < limits.min_uses:
        return "too_few"
    if one.average is None:
        return "confounded"
    if confined_to(one.deltas, limits.least_gain):
        return "narrow"
    if one.average >= limits.least_gain:
        return "keep"
    is_harm = one.harmed > one.helped and one.average <= -limits.least_gain
    return "retire" if is_harm and one.chance <= limits.most_chance else "quarantine"


def verdicts_of(all_of: Sequence[Marginal], limits: Thresholds) -> list[Verdict]:
    """Decide on all: beside a skill that harms, one without a measured gain is only named.

    The harm may hide what the other adds; it is to be measured again when the harm is gone.
    """
    found = [verdict_of(one, limits) for one in all_of]
    if "retire" not in found:
        return found
    return [
        "masked" if verdict == "quarantine" and one.harmed <= one.helped else verdict
        for one, verdict in zip(all_of, found, strict=True)
    ]


def draft_of(
    skill: SkillInput, one: Marginal, verdict: Verdict, limits: Thresholds, source: str
) -> ProposalDraft | None:
    """Return the proposal for a skill that should not stay as it is; None to leave it.

    What cannot be changed (a lock, no front matter) gives a diagnosis that says so.
    """
    if verdict in ("keep", "too_few"):
        return None
    place = confined_to(one.deltas, limits.least_gain)
    rationale = [*evidence_words(one), _confounding(one, verdict)]
    changes: tuple[Change, ...] = ()
    try:
        if verdict == "retire":
            changes = _deletion(skill)
            files = ", ".join(change.path for change in changes[:20])
            rationale.append(f"Files that would be deleted ({len(changes)}): {files}.")
        elif verdict == "narrow":
            changes = (_narrowed(skill, place),)
        elif verdict == "quarantine":
            changes = (_hidden(skill),)
            rationale.append(
                f"'{HIDDEN}: true' keeps the skill and its files, and the person can still call "
                "it; clients that know the field (Claude Code, VS Code) offer it to the model no "
                "more, others ignore it."
            )
    except SourceProblem as problem:
        rationale.append(f"Nothing is proposed for the files: {problem}")
    if skill.locks and changes:
        changes = ()
        rationale.append(f"The skill has locks ({', '.join(skill.locks)}): it stays as it is.")
    kind: Literal["retire", "narrow", "diagnose"] = "diagnose"
    if changes:
        kind = "retire" if verdict == "retire" else "narrow"
    return ProposalDraft(
        kind=kind,
        title=_title(skill.id, one.present, verdict, place if changes else None),
        rationale="\n\n".join(rationale),
        changes=changes,
        skills=(skill.id,),
        root_cause="skill" if verdict in ("retire", "narrow") else "unknown",
        scores=_scores(one, source),
    )


def _title(skill: str, present: int, verdict: Verdict, place: str | None) -> str:
    """Say what is proposed; ``place`` is None where nothing is changed."""
    said = {
        "masked": f"{skill} adds nothing while a harmful skill is there: measure it again then",
        "unused": f"{skill} was there in {present} runs and never read",
        "confounded": f"What {skill} adds cannot be told from these results",
    }.get(verdict)
    if said:
        return said
    what = {
        "retire": f"Retire {skill}: tasks go better without it",
        "narrow": f"Narrow {skill}: it harms in {place} only",
        "quarantine": f"Quarantine {skill}: no gain is measured",
    }
    return f"{skill} {WORDS[verdict]}; it stays as it is" if place is None else what[verdict]


def evidence_words(one: Marginal) -> list[str]:
    """Return use, gain and rates in words."""
    read = f"read in {one.uses}" if one.is_recorded else "not recorded whether it was read"
    lines = [f"In the library in {one.present} runs, {read}."]
    if one.average is not None:
        lines.append(
            f"Left out alone on {len(one.deltas)} tasks: {one.helped} go worse without it, "
            f"{one.harmed} go better; smoothed gain {one.average:+.3f}. So many better by chance: "
            f"p = {one.chance:.3f} (exact, one-sided)."
        )
        worst = sorted(one.deltas, key=lambda delta: (delta.gain, delta.task, delta.place))[:6]
        shown = [
            f"{delta.task}{f' ({delta.place})' if delta.place else ''}: "
            f"{delta.with_skill:.2f} with, {delta.without:.2f} without"
            for delta in worst
            if delta.gain < 0
        ]
        if shown:
            lines.append("Worst: " + "; ".join(shown) + ".")
    with_it, without, none = (_rate(rate) for rate in one.rates)
    lines.append(
        f"Mean score on the same tasks: {with_it} in runs that had it, {without} in runs that had "
        f"not, {none} with no skill at all."
    )
    return lines


def _rate(rate: float | None) -> str:
    return "not measured" if rate is None else f"{rate:.2f}"


def _confounding(one: Marginal, verdict: Verdict) -> str:
    if verdict == "confounded":
        return (
            "No two runs of a task differ in this skill alone. The rates above are confounded: a "
            "skill that is used on hard tasks looks harmful. Run the tasks with it left out."
        )
    if verdict == "unused":
        return (
            "A skill nobody reads can neither help nor harm but by its line in the catalogue. "
            "Look at its description first: it may miss the words users say."
        )
    words = "Compared are runs of the same task whose libraries differ in this skill alone."
    if one.rates[2] is None:
        words += " How the tasks go with no skill at all was not measured."
    return words + " Other tasks may need it: the table says nothing of tasks that are not in it."


def _scores(one: Marginal, source: str) -> tuple[Score, ...]:
    found: list[Score] = []
    if one.deltas:
        n = len(one.deltas)
        with_it = sum(delta.with_skill for delta in one.deltas) / n
        without = sum(delta.without for delta in one.deltas) / n
        name = "mean score with the skill, then without it"
        found.append(Score(name, round(with_it, 6), round(without, 6), n, "", source))
    if one.rates[2] is not None:
        name = "mean score with no skill at all, same tasks"
        found.append(Score(name, None, round(one.rates[2], 6), 0, "", source))
    return tuple(found)


def _deletion(skill: SkillInput) -> tuple[Change, ...]:
    if skill.id == ".":
        raise SourceProblem("the skill is the library itself.")
    paths: Sequence[str] = [path_in(skill, file) for file in sorted(skill.files)]
    return tuple(Change(path, path, "delete") for path in paths)


def _narrowed(skill: SkillInput, place: str) -> Change:
    path, front, body = _read(skill)
    description = " ".join(str(front.get("description", "")).split())
    note = f"Not for {' '.join(place.split())}."
    if not description or note in description:
        raise SourceProblem(f"{path} has no description, or says so already.")
    if len(f"{description} {note}") > _MAX_DESCRIPTION:
        raise SourceProblem(f"the description of {path} has no room for '{note}'")
    dot = "" if description.endswith((".", "!", "?")) else "."
    text = text_with_body(skill, body, f"{description}{dot} {note}")
    return Change(path, path, "edit", new_text=text)


def _hidden(skill: SkillInput) -> Change:
    path, front, _ = _read(skill)
    if HIDDEN in front:
        raise SourceProblem(f"{path} has '{HIDDEN}' already.")
    text = skill_file(skill)[1].decode("utf-8")
    head = _FRONT_END.match(text)
    if head is None or not front:
        raise SourceProblem(f"{path} has no front matter.")
    end = "\r\n" if "\r\n" in head[0] else "\n"
    new = f"{head[0]}{HIDDEN}: true{end}{text[head.end() :]}"
    return Change(path, path, "edit", new_text=new)


def _read(skill: SkillInput) -> tuple[str, dict[str, object], str]:
    path, data = skill_file(skill)
    try:
        front, body = front_and_body(data.decode("utf-8").removeprefix("\ufeff"))
    except UnicodeDecodeError as problem:
        raise SourceProblem(f"{path} is not UTF-8.") from problem
    return path, front, body
