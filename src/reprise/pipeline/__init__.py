"""Between the library and Snakemake: configuration, recipes, fingerprints, records. Does not import snakemake."""
