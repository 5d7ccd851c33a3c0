"""The text of web pages and videos, fetched by the guarded client."""
