"""Networks, and the ResNet trunks that they are built on."""

from reprise.networks.ames import AMES
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.caps import CAPS
from reprise.networks.cvnet import CVNet
from reprise.networks.describing import describe_patches
from reprise.networks.dinov2 import DINOv2
from reprise.networks.hardnet import HardNet
from reprise.networks.hndesc import HNDesc
from reprise.networks.how import HOW
from reprise.networks.l2net import L2Net
from reprise.networks.r2d2 import R2D2
from reprise.networks.superpoint import SuperPoint
from reprise.networks.tfeat import TFeat
from reprise.networks.whitening import initialise_reduction, whitening

__all__ = [
    "AMES",
    "CAPS",
    "HOW",
    "R2D2",
    "AttentionDetector",
    "CVNet",
    "DINOv2",
    "HNDesc",
    "HardNet",
    "L2Net",
    "SuperPoint",
    "TFeat",
    "describe_patches",
    "initialise_reduction",
    "whitening",
]
