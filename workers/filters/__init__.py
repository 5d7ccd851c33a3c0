"""Filters: what sees a request before its model does, and an answer before its reader."""
