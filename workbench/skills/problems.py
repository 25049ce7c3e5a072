"""What goes wrong with a skill folder, in words for a person."""

from __future__ import annotations


class SkillError(Exception):
    """A folder is no skill, or an edit cannot be made. Says what, where and what to do."""
