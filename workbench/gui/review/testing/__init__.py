"""Running tasks on what is selected on the desk."""
