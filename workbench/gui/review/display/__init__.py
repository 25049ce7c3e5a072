"""How the changes are displayed: the switches of the desk for its diff."""
