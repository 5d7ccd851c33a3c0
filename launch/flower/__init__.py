"""The operators' window: Flower behind a login, on this machine only, read-only by default."""
