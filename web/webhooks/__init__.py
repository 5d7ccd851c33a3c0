"""Webhooks: addresses that hear of the ends of jobs."""
