"""The rules, one file per noun. Services never commit and know neither HTTP nor Celery."""
