"""Networks, and the trunks that they stand on."""

from reprise.networks.how import HOW
from reprise.networks.whitening import initialise_reduction, whitening

__all__ = ["HOW", "initialise_reduction", "whitening"]
