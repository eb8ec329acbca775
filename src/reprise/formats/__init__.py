"""Every file that is written here or read back: features, rankings, neighbours, aggregated chunks, tokens."""
