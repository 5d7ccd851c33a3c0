"""Chats: store, list, read, change, delete."""
