"""Rules on skills, one subject a file."""
