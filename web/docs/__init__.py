"""The API's documentation, for developers."""
