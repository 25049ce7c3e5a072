"""Workspaces of skill-creator as proposals and diagnoses."""
