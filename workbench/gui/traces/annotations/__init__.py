"""Every annotation there is, whichever trace it is about."""
