"""The command line: one module a command group, each with ``add_commands``."""
