"""Networks, and the ResNet trunks that they are built on."""

from reprise.networks.ames import AMES
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.cvnet import CVNet
from reprise.networks.describing import describe_patches
from reprise.networks.dinov2 import DINOv2
from reprise.networks.hardnet import HardNet
from reprise.networks.how import HOW
from reprise.networks.l2net import L2Net
from reprise.networks.tfeat import TFeat
from reprise.networks.whitening import initialise_reduction, whitening

__all__ = [
    "AMES",
    "HOW",
    "AttentionDetector",
    "CVNet",
    "DINOv2",
    "HardNet",
    "L2Net",
    "TFeat",
    "describe_patches",
    "initialise_reduction",
    "whitening",
]
