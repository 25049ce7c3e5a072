"""One extractor a file; each takes the library's texts and yields edges with their evidence."""
