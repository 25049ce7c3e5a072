"""What changes did to tasks: paired tables, statistics and the gates computed from them."""
