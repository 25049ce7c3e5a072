"""Widgets that know nothing of skills, traces or proposals."""
