"""What Snakemake shows of a run, and of a dry run."""
