"""The experiments of a seed study: those of the configuration, once per codebook seed.

They have names of their own, which no configuration can give (``how_r18_1000.seed7``), and are otherwise like any
other, so that the rules make their codebooks, indexes and rankings without knowing of a study. Their features are those
of the experiment.
"""

from collections.abc import Mapping


def with_seed_study(config: Mapping) -> dict:
    """Return the checked configuration with a codebook and an experiment per seed of ``seed_study``."""
    codebooks, experiments = dict(config["codebooks"]), dict(config["experiments"])
    for name, entry in config["codebooks"].items():
        codebooks |= {seeded(config, name, seed): {**entry, "seed": seed} for seed in config["seed_study"]}
    for name, entry in config["experiments"].items():
        for seed, derived in study(config, name).items():
            experiments[derived] = {**entry, "codebook": seeded(config, entry["codebook"], seed)}
    return {**config, "codebooks": codebooks, "experiments": experiments}


def study(config: Mapping, experiment: str) -> dict[int, str]:
    """Return seed -> the experiment with that seed; empty for an experiment that has no codebook."""
    codebook = config["experiments"][experiment].get("codebook")
    if codebook is None:
        return {}
    own = config["codebooks"][codebook]["seed"]
    # A codebook that the configuration has already is not computed a second time.
    return {seed: experiment if seed == own else f"{experiment}.seed{seed}" for seed in config["seed_study"]}


def seeded(config: Mapping, codebook: str, seed: int) -> str:
    """Return the name of a codebook with another seed; its own name where that is its seed."""
    return codebook if config["codebooks"][codebook]["seed"] == seed else f"{codebook}.seed{seed}"
