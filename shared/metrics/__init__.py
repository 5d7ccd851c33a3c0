"""What is counted for operators: kept in each process, gathered in Redis, shown at `/metrics`."""
