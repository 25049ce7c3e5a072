"""Chats of aider as traces."""
