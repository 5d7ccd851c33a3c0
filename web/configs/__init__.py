"""Configuration that pages read."""
