"""Folders: where a user keeps chats."""
