"""Lines that several proposals change, shown together."""
