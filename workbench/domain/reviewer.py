"""What tells people apart who review."""

from __future__ import annotations


def reviewer_key(reviewer: str) -> str:
    """Return what tells reviewers apart: the address of "Name <mail>", else the whole name."""
    text = " ".join(reviewer.split()).casefold()
    _name, mark, mail = text.rpartition("<")
    return mail[:-1].strip() if mark and mail.endswith(">") and "@" in mail else text
