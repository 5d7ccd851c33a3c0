"""Versions: our own, and that of the Open WebUI surface which clients of it look for."""

VERSION = "0.1.0"
API_VERSION = "0.6.5"
