"""Prompts of the workspace."""
