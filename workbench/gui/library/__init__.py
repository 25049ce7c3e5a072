"""The skills of the open folder: list, filter, details, new ones."""
