"""Feedback: ratings of answers."""
