"""Inference: chat answers, and the small tasks that follow them."""
