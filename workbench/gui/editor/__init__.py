"""Files of a skill in tabs: source, form, preview; nothing the person did not edit changes."""
