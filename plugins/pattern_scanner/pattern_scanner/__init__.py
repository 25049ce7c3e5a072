"""Offline scanner for agent skills: bytes in, findings out; nothing is run, fetched or followed."""
