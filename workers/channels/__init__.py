"""Channels: what is told to those who are away."""
