"""Users: what each keeps for itself."""
