"""The parts of a trace as one HTML page; what a trace says becomes text there, never markup."""
