"""The Security activity: what scanners found, and what a person decided about it."""
