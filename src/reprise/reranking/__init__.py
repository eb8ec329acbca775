"""Steps after a search: re-ranking the first images of a ranking, one scorer of pairs per module."""
