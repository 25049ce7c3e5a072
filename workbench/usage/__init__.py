"""What skills did in traces: their recorded events, resolved against a library."""
