"""What a selection does to format, size, security, links, overlap and copied text."""
