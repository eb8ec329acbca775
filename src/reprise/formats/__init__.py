"""All files that are written here or read back: features, rankings, neighbours, aggregated chunks, tokens."""
