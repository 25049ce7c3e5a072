"""What skills did in traces."""
