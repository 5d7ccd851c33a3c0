"""Accounts: sign-up, sign-in, sign-out, profile, password, API key."""
