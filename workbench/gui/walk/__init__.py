"""The program shown on the bundled example: pictures, and the main job end to end."""
