"""The miniature: a small, synthetic, reproducible version of every data set file; world draws it, releases write it."""
