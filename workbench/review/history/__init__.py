"""What changed a skill: timeline, whose lines, lineage, the change that broke a task."""
