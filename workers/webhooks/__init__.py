"""Webhooks: messages to addresses of users."""
