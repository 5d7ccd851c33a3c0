"""What admins see while everything runs: a live page of jobs."""
