"""The page: a built web page when there is one, else our own page of first steps."""
