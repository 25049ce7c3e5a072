"""The commit message of an apply or revert, with where the change comes from as trailers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from workbench.domain.proposal import Decision, Gate, Hunk, Proposal
from workbench.review.rules.admission import Admission

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
#: What ends a message or speaks for its author where it is mailed: ``git am`` takes the rest for a
#: patch, a header or the next mail (git-mailinfo(1), patchbreak and check_inbody_header).
_ACTS_IN_MAIL = re.compile(
    r"^(?=diff -|index: |---|>*from |from:|date:|subject:|\[patch\])", re.MULTILINE | re.IGNORECASE
)
#: Everything above such a mark is thrown away with ``mailinfo.scissors``.
_SCISSORS = re.compile(r"(?<=[>%])(?=[8%<])|(?<=[8%])(?=<)")

PROPOSAL = "Skill-Workbench-Proposal"
CONTENT = "Skill-Workbench-Content"
REVERTS = "Skill-Workbench-Reverts"
POLICY = "Skill-Workbench-Policy"
CONFIRMED = "Skill-Workbench-Confirmed"


Trailers = tuple[tuple[str, str], ...]


def apply_message(
    proposal: Proposal,
    decision: Decision,
    chosen: tuple[Hunk, ...],
    total: int,
    gate: Gate,
    *,
    checked: Trailers = (),
) -> str:
    """Return the message of an apply; evidence is that of the accepted hunks.

    ``checked`` are trailers of what it passed on the way, see ``checked_trailers``.
    """
    used = {name for hunk in chosen for name in hunk.evidence}
    checks = {check.evidence: check for check in proposal.checks}
    trailers = [(PROPOSAL, proposal.id), ("Skill-Workbench-Engine", _engine(proposal))]
    if proposal.job:
        trailers.append(("Skill-Workbench-Job", proposal.job))
    for evidence in proposal.draft.evidence:
        if evidence.id not in used:
            continue
        check = checks.get(evidence.id)
        status = check.status if check else "unchecked"
        sha = f" sha256:{check.source_sha256}" if check and check.source_sha256 else ""
        steps = str(evidence.step_first)
        if evidence.step_last != evidence.step_first:
            steps += f"-{evidence.step_last}"
        text = f"{evidence.id} {evidence.trace} step {steps} {status}{sha}"
        trailers.append(("Skill-Workbench-Evidence", text))
    trailers.append(("Skill-Workbench-Gate", " ".join((gate.level, gate.rule)).strip()))
    trailers.append((CONTENT, decision.content_hash))
    trailers.append(("Reviewed-by", decision.reviewer))
    trailers += checked
    body = [proposal.draft.rationale, decision.comment]
    if len(chosen) < total:
        body.append(f"{len(chosen)} of {total} hunks were accepted.")
    if any(hunk.edited_from for hunk in chosen):
        body.append("The reviewer edited the proposed text.")
    return _message(proposal.draft.title, body, trailers)


def checked_trailers(admission: Admission, agreed: Sequence[str]) -> Trailers:
    """Return who else approved, under which policy, and what was confirmed on its own."""
    why = {one.key: one.why for one in admission.confirmations}
    others = [one for one in admission.signed if one != admission.decision.reviewer]
    policy = [admission.policy.policy.hash] if admission.policy.path else []
    return (
        *(("Reviewed-by", one) for one in others),
        *((POLICY, f"sha256:{one}") for one in policy),
        *((CONFIRMED, f"{key} ({why[key].rstrip('.')})") for key in agreed),
    )


def revert_message(proposal: Proposal, commit: str | None, content_hash: str, reviewer: str) -> str:
    """Return the message of a revert."""
    what = f" This takes commit {commit} back." if commit else ""
    trailers = [
        (PROPOSAL, proposal.id),
        (REVERTS, commit or content_hash),
        (CONTENT, content_hash),
        ("Reviewed-by", reviewer),
    ]
    body = [f"The files are byte for byte as before.{what}"]
    return _message(f'Revert "{proposal.draft.title}"', body, trailers)


def _engine(proposal: Proposal) -> str:
    engine = proposal.engine
    text = f"{engine.id} {engine.version}".strip()
    if engine.settings_hash:
        text += f" settings:{engine.settings_hash}"
    return " ".join((text, *engine.models))


def _message(title: str, body: list[str], trailers: list[tuple[str, str]]) -> str:
    # An engine's words reach the subject and body alone: trailers are the last paragraph.
    subject = textwrap.shorten(_line(title), 72, placeholder=" …") or "Apply a proposal"
    paragraphs = [subject]
    for text in body:
        for part in re.split(r"\n\s*\n", text):
            if _line(part):
                paragraphs.append(_paragraph(part))
    paragraphs.append("\n".join(f"{key}: {_line(value)}" for key, value in trailers))
    return "\n\n".join(paragraphs) + "\n"


def _paragraph(text: str) -> str:
    """Return words of an engine or reviewer as lines that stay words when they are mailed."""
    line = _line(text)
    if "--" in line or "- -" in line:
        line = _SCISSORS.sub(" ", line)
    lines = textwrap.fill(line, 76, break_long_words=False, break_on_hyphens=False)
    return _ACTS_IN_MAIL.sub(" ", lines)


def _line(text: str) -> str:
    """Return the text on one line without control characters; git takes no NUL in a message."""
    clean = _CONTROL.sub(" ", text).encode("utf-8", "replace").decode()
    return " ".join(clean.split())
