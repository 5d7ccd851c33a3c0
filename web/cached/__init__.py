"""Pictures and sounds below DATA_DIR/cache, to which stored answers refer."""
