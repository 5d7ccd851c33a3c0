"""HTTP and WebSockets: answers fast, does nothing slow and nothing foreign."""
