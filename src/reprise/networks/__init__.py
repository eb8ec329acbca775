"""Networks, and the ResNet trunks that they are built on."""

from reprise.networks.ames import AMES
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.cvnet import CVNet
from reprise.networks.dinov2 import DINOv2
from reprise.networks.how import HOW
from reprise.networks.whitening import initialise_reduction, whitening

__all__ = ["AMES", "HOW", "AttentionDetector", "CVNet", "DINOv2", "initialise_reduction", "whitening"]
