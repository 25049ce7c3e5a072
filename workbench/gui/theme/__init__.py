"""Colours, fonts and icons of our own: the platform's dark switch does nothing on plain X11."""
