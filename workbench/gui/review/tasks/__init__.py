"""The paired table of tasks."""
