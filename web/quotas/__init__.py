"""Quotas: what admins allow, and how much of it is left."""
