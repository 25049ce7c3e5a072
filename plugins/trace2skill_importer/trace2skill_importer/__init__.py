"""Finished Trace2Skill patches as proposals."""
