"""The system itself: health, version, and what a page needs to know before anybody signs in."""
