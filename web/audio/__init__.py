"""Speech: text out of it, and it out of text."""
