"""What is known of all traces in watched folders: figures, skills and full text, in SQLite.

Made from the traces alone and made anew whenever its form changes: nothing a person wrote is in it.
"""
