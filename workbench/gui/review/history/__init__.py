"""The history of a skill: its changes, lines, measured effect, broken tasks and lineage."""
