"""Tools: what an answer may call, where it stands, and what comes of it."""
