"""Groups: users who share permissions and what is shared with them."""
