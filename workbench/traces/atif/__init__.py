"""What the ATIF importer needs beside its records: other files of the run, the verdict."""
