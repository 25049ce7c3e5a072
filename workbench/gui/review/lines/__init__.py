"""Acts on single lines: cutting a hunk into parts, and talking about a line."""
