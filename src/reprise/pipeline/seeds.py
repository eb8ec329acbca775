"""The experiments of a seed study: those of the configuration, once per seed of the codebook, and of trainings.

They have names of their own, which no configuration can give (``how_r18_1000.seed7``), and are otherwise like any
other, so that the rules make their codebooks, indexes and rankings without knowing of a study. Their features are those
of the experiment, unless networks are trained anew (:mod:`reprise.pipeline.training_seeds`).
"""

from collections.abc import Mapping

from reprise.pipeline.spec.config import Spec
from reprise.pipeline.training_seeds import training_study, with_training_seeds


def with_seed_study(spec: Spec) -> dict:
    """Return the values of the configuration with all entries of its seed studies."""
    own = with_codebook_seeds(spec.values())
    retrained = with_training_seeds(spec, own["training_seed_study"]).values()
    return {**retrained, **{key: {**retrained[key], **own[key]} for key in ("codebooks", "experiments")}}


def with_codebook_seeds(config: Mapping) -> dict:
    """Return the configuration with a codebook and an experiment per seed of ``seed_study``."""
    codebooks, experiments = dict(config["codebooks"]), dict(config["experiments"])
    for name, entry in config["codebooks"].items():
        others = [seed for seed in config["seed_study"] if seed != entry["seed"]]
        codebooks |= {seeded(config, name, seed): {**entry, "seed": seed, "file": None} for seed in others}
    for name, entry in config["experiments"].items():
        for seed, derived in study(config, name).items():
            experiments[derived] = {**entry, "codebook": seeded(config, entry["codebook"], seed)}
    return {**config, "codebooks": codebooks, "experiments": experiments}


def studies(config: Mapping, experiment: str) -> dict[str, list[str]]:
    """Return what seeds are of (codebook, training) -> the experiments that differ in them alone."""
    found = {
        "codebook": study(config, experiment),
        "training": training_study(config, experiment, config["training_seed_study"]),
    }
    return {seeds_of: list(experiments.values()) for seeds_of, experiments in found.items() if experiments}


def study(config: Mapping, experiment: str) -> dict[int, str]:
    """Return codebook seed -> the experiment with it; empty for an experiment that has no codebook."""
    codebook = config["experiments"][experiment].get("codebook")
    if codebook is None:
        return {}
    own = config["codebooks"][codebook]["seed"]
    # A codebook that the configuration has already is not computed a second time.
    return {seed: experiment if seed == own else f"{experiment}.seed{seed}" for seed in config["seed_study"]}


def seeded(config: Mapping, codebook: str, seed: int) -> str:
    """Return the name of a codebook with another seed; its own name where that is its seed."""
    return codebook if config["codebooks"][codebook]["seed"] == seed else f"{codebook}.seed{seed}"
