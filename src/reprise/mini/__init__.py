"""The miniature: a small, synthetic, reproducible version of every dataset; world draws it, releases write it."""
