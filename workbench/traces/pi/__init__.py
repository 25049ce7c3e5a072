"""The entry tree of Pi sessions."""
