"""The Evolution activity: let an engine propose changes, and see what came of every run."""
