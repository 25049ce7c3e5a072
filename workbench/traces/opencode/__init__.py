"""OpenCode sessions: export, database, storage folder."""
