"""Claude Code records: read, put in order, made into steps and bodies."""
