"""Tasks: the contract's older name for the jobs that work on a chat."""
