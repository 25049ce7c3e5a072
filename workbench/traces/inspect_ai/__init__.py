"""Inspect AI logs: the archive, its samples, their events."""
