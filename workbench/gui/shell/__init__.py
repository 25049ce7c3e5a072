"""The window's frame: activities, tabs, docks, commands, and the context that features get."""
