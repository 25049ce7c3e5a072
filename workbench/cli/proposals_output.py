"""What ``proposals`` prints, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from workbench.cli.console import coloured, document, for_terminal, one_line, print_json
from workbench.domain.proposal import (
    Decision,
    Gate,
    Hunk,
    HunkVerdict,
    Proposal,
    ProposalStatus,
    Receipt,
)
from workbench.domain.text import counted
from workbench.review.checks.check_words import lines_of_checks
from workbench.review.checks.result import ResultChecks, SecurityDelta
from workbench.review.merge import Merge
from workbench.review.session import Review
from workbench.review.text_diff.blanks import end_in_words, line_end

_COLOURS = {"accept": "green", "reject": "red", "defer": "yellow"}


class Output:
    """Prints each result once, as JSON or as text."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json

    def proposal(self, review: Review) -> None:
        """Print one proposal with its hunks."""
        decision = review.decision
        verdicts = {verdict.hunk: verdict for verdict in decision.verdicts} if decision else {}
        if self._json:
            stored = msgspec.to_builtins(review.proposal)
            hunks = [
                hunk_document(number, hunk, verdicts.get(hunk.id))
                for number, hunk in enumerate(review.hunks, 1)
            ]
            changed = review.changed_on_disk() if _is_open(review.proposal) else ()
            fields = {"hunks": hunks, "decision": decision, "changed_on_disk": changed}
            print_json(document("proposal", **stored, **fields))
            return
        proposal = review.proposal
        print(f"{coloured(proposal.id, 'bold')}  {proposal.status.replace('_', ' ')}")
        print(f"{one_line(proposal.draft.title)}\n\n{for_terminal(proposal.draft.rationale)}\n")
        engine = f"{proposal.engine.id} {proposal.engine.version}"
        print(one_line(f"engine {engine}, library {review.library}"))
        for warning in proposal.warnings:
            print(coloured(one_line(f"warning: {warning}"), "yellow"))
        for problem in review.split_problems:
            print(coloured(one_line(f"warning: {problem}"), "yellow"))
        for path in review.changed_on_disk() if _is_open(proposal) else ():
            warning = f"warning: {path} changed since; it has to be merged."
            print(coloured(one_line(warning), "yellow"))
        for evidence in proposal.draft.evidence:
            check = next((one for one in proposal.checks if one.evidence == evidence.id), None)
            status = check.status if check else "unchecked"
            quote = " ".join(evidence.quote.split())[:100]
            place = f"{evidence.trace} step {evidence.step_first}"
            print(one_line(f"  {evidence.id}  {status}  {place}: {quote}"))
        for number, hunk in enumerate(review.hunks, 1):
            self._print_hunk(number, hunk, verdicts.get(hunk.id))

    def checks(
        self, review: Review, checks: ResultChecks, gate: Gate, scan_problems: Sequence[str]
    ) -> None:
        """Print what a selection does to the checks; ``scan_problems`` are what was not scanned."""
        if self._json:
            fields = msgspec.to_builtins(checks) | {"scan_problems": scan_problems, "gate": gate}
            print_json(
                document("proposal-check", id=review.proposal.id, ok=not checks.failed, **fields)
            )
            return
        for skill in checks.skills:
            before = skill.before.bytes if skill.before else 0
            after = skill.after.bytes if skill.after else 0
            print(f"{skill.skill}: {after - before:+d} bytes of SKILL.md ({before} to {after})")
            for one in skill.new:
                line = f":{one.line}" if one.line else ""
                print(one_line(f"  new {one.severity} {one.path}{line} {one.message} ({one.rule})"))
            for one in skill.gone:
                print(one_line(f"  gone {one.severity} {one.path} {one.message} ({one.rule})"))
        for line in lines_of_checks(checks):
            print(one_line(f"  {line}"))
        _print_security(checks.security)
        for warning in (*scan_problems, *checks.warnings):
            print(coloured(one_line(f"warning: {warning}"), "yellow"))
        print(f"gate: {gate.level.replace('_', ' ')}")
        for reason in gate.reasons:
            print(one_line(f"  {reason}"))
        print(coloured("failed", "red") if checks.failed else coloured("passed", "green"))

    def decision(self, decision: Decision, status: ProposalStatus, gate: Gate, hunks: int) -> None:
        """Print what was decided."""
        if self._json:
            fields = msgspec.to_builtins(decision)
            print_json(document("decision", **fields, status=status, gate=gate))
            return
        accepted = sum(verdict.verdict == "accept" for verdict in decision.verdicts)
        what = f"{accepted} of {counted(hunks, 'hunk')} accepted by" if hunks else "by"
        print(
            f"{decision.proposal}: {status.replace('_', ' ')}, {what} {decision.reviewer}; "
            f"content {decision.content_hash[:12]}"
        )

    def receipt(self, receipt: Receipt) -> None:
        """Print what was written."""
        if self._json:
            print_json(document("receipt", **msgspec.to_builtins(receipt)))
            return
        commit = receipt.revert_commit or receipt.commit
        verb = "reverted" if receipt.state == "reverted" else "applied"
        print(f"{receipt.proposal}: {verb}" + (f", commit {commit[:12]}" if commit else ""))
        for file in receipt.files:
            before, after = (file.before_sha256 or "-")[:12], (file.after_sha256 or "-")[:12]
            if receipt.state == "reverted":
                before, after = after, before
            print(one_line(f"  {file.path}  {before} to {after}"))
        if receipt.message:
            print(receipt.message)

    def conflicts(self, merge: Merge) -> None:
        """Print the conflicts that want a choice."""
        if self._json:
            print_json(document("merge", id=merge.proposal.id, conflicts=merge.conflicts))
            return
        for conflict in merge.conflicts:
            print(one_line(f"{conflict.path}: conflict {conflict.index + 1} ({conflict.kind})"))
            for side, lines in (("disk    ", conflict.ours), ("proposal", conflict.theirs)):
                for line in lines:
                    print(f"  {side}  {for_terminal(line.rstrip())}")
        print("Choose with --prefer disk or --prefer proposal, or one by one in the window.")

    def merged(self, merge: Merge, proposal: Proposal) -> None:
        """Print the proposal that a merge made."""
        if self._json:
            print_json(document("merge", id=merge.proposal.id, merged=proposal.id, conflicts=[]))
            return
        if merge.rest:
            print(f"What was not applied of {merge.proposal.id} is proposal {proposal.id} now.")
            return
        print(f"{merge.proposal.id} was merged into {proposal.id}. Review it, then apply that one.")

    def _print_hunk(self, number: int, hunk: Hunk, verdict: HunkVerdict | None) -> None:
        said = verdict.verdict if verdict else "open"
        tail = f" ({verdict.reason})" if verdict and verdict.reason else ""
        print(
            f"\n[{number}] {coloured(one_line(hunk.path), 'bold')} {one_line(hunk.header)}  "
            f"{hunk.id}  {coloured(said, _COLOURS.get(said, 'dim'))}{tail}"
        )
        if hunk.rationale.strip():
            print(one_line(f"    why: {hunk.rationale.strip()}"))
        if hunk.evidence:
            print(f"    evidence ({hunk.evidence_scope}): {', '.join(hunk.evidence)}")
        for line in _lines(hunk, verdict):
            text = for_terminal(line.rstrip("\r\n"))
            end = line_end(line)
            sign = "" if end == "LF" else f"  [{end_in_words(end)}]"
            print(coloured(text, "red" if text.startswith("-") else "green") + sign)


def _print_security(security: SecurityDelta | None) -> None:
    if security is None:
        print("not scanned: no scanner is enabled")
        return
    for mark, findings in (("new", security.new), ("gone", security.gone)):
        for one in findings:
            place = f"{one.skill}/{one.path}:{one.line}"
            print(one_line(f"  {mark} {one.severity} {place} {one.evidence} ({one.rule})"))
            print(coloured(one_line(f"      {one.why}"), "dim"))
    for capability in security.capabilities:
        print(one_line(f"  new capability of {capability}"))


def _is_open(proposal: Proposal) -> bool:
    """Say whether it may still be applied: an applied one differs from its base by itself."""
    return proposal.status not in ("applied", "rejected")


def hunk_document(number: int, hunk: Hunk, verdict: HunkVerdict | None) -> dict[str, Any]:
    """Return a hunk as documents have it."""
    return {
        "id": hunk.id,
        "number": number,
        "path": hunk.path,
        "kind": hunk.kind,
        "header": hunk.header,
        "lines": _lines(hunk, verdict),
        "evidence": hunk.evidence,
        "evidence_scope": hunk.evidence_scope,
        "rationale": hunk.rationale,
        "change": hunk.change,
        "verdict": verdict.verdict if verdict else None,
        "reason": verdict.reason if verdict else "",
        "edited": verdict is not None and verdict.edited is not None,
        "part_of": hunk.part_of,
        "depends_on": hunk.depends_on,
    }


def _lines(hunk: Hunk, verdict: HunkVerdict | None) -> list[str]:
    """Return the lines as a diff shows them, ends kept; a person's edit instead of the engine's."""
    new = hunk.new_lines if verdict is None or verdict.edited is None else verdict.edited
    return [f"-{line}" for line in hunk.base_lines] + [f"+{line}" for line in new]
