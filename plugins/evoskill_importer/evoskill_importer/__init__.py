"""EvoSkill program branches as proposals."""
