"""Retrieval: text out of files and pages, and what of it an answer needs."""
