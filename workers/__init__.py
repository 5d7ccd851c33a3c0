"""Celery workers: everything slow or foreign. Knows no HTTP."""
