"""Seeds beside checkpoints, as SkillOpt publishes them.

Layout (microsoft/SkillOpt, 2026-08): ``seeds/<task>/initial.md`` and
``ckpt/<task>/<model>_skill.md``; a text has no front matter.
"""

from __future__ import annotations

from collections.abc import Iterator

from skillopt_importer.texts import Found, Older, Problem, TrainedText
from workbench.plugin.api import RunFolder, SourceProblem

_CHECKPOINTS = "ckpt"
_ENDING = "_skill.md"


def is_pairs(run: RunFolder) -> bool:
    """Whether there are checkpoints."""
    return any(_parts(path) for path in run.files)


def read_pairs(run: RunFolder) -> Iterator[Found]:
    """Yield each checkpoint, after the seed it was trained from."""
    tasks: dict[str, list[str]] = {}
    for path in run.files:
        if parts := _parts(path):
            tasks.setdefault(parts[0], []).append(path)
    for task, paths in sorted(tasks.items()):
        seed = f"seeds/{task}/initial.md"
        parents: tuple[str, ...] = ()
        if seed in run.files:
            parents = (f"{task} seed",)
            yield Older(parents[0], (), "the text training began with")
        labels = {path: f"{task} trained with {_parts(path)[1]}" for path in paths}
        for path in paths:
            try:
                text = run.read_text(path)
            except SourceProblem as problem:
                yield Problem(str(problem))
                continue
            yield TrainedText(
                (task,),
                labels[path],
                text,
                f"{path} of the run" + (f", trained from {seed}." if parents else "."),
                parents=parents,
                alternatives=tuple(label for one, label in labels.items() if one != path),
                can_be_chosen=len(tasks) == 1,
            )


def _parts(path: str) -> tuple[str, ...]:
    parts = path.split("/")
    if len(parts) != 3 or parts[0] != _CHECKPOINTS or not parts[2].endswith(_ENDING):
        return ()
    return parts[1], parts[2].removesuffix(_ENDING)
