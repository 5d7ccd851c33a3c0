"""Signing in with identity providers: OAuth and OpenID Connect."""
