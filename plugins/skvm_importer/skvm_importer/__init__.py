"""SkVM proposal folders as proposals."""
