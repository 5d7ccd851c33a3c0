"""Jobs that turn a text into another form; they need the CPU and nothing else."""
