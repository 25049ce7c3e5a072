"""Records of Codex: sessions, calls, usage and copied history."""
