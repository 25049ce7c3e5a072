"""Model endpoints: profiles, and what a server can do. Everything works without one."""
