"""Geometry of images: conventions of keypoints, cells of feature maps, sampling, affine frames and verification."""

from reprise.geometry.frames import (
    ellipses_from_frames,
    frames_from_ellipses,
    frames_from_scales,
    scales_and_angles,
    upright,
)
from reprise.geometry.grids import CellGrid, cells, patch_grid
from reprise.geometry.homographies import estimate_homography, homography_inliers, project, resized_homography
from reprise.geometry.sampling import sample_map
from reprise.geometry.verification import Verification, verify_affine

__all__ = [
    "CellGrid",
    "Verification",
    "cells",
    "ellipses_from_frames",
    "estimate_homography",
    "frames_from_ellipses",
    "frames_from_scales",
    "homography_inliers",
    "patch_grid",
    "project",
    "resized_homography",
    "sample_map",
    "scales_and_angles",
    "upright",
    "verify_affine",
]
