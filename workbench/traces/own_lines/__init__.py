"""Our own JSON lines read back."""
