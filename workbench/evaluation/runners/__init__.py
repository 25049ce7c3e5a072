"""Where tasks run: stored results, a command, the built-in loop."""
