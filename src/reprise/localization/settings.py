"""Settings of localization: how pairs are verified, points triangulated and queries located."""

from typing import Literal

from pydantic import Field

from reprise.storage.settings import Count, Settings


class LocalizationSettings(Settings):
    """Settings of the model and of the poses that are found in it; docs/localization.md argues for the defaults."""

    colmap_half_pixel: bool = Field(
        True,
        description="the centre of the first pixel is at (0.5, 0.5), as COLMAP has it; false puts it at (0, 0), as "
        "HNDesc did, so that all keypoints are half a pixel off",
    )
    verification: Literal["known_poses", "ransac"] = Field(
        "known_poses",
        description="matches of references have to agree with their known poses, or with a geometry that RANSAC finds "
        "in the matches alone, as in HNDesc",
    )
    verification_error: float = Field(
        4.0, gt=0, description="of verification: largest distance from the epipolar line, in pixels"
    )
    min_num_matches: Count = Field(15, description="a pair of fewer verified matches gives no points; HNDesc: 4")
    filter_max_reproj_error: float = Field(
        4.0, gt=0, description="observations that are farther from the projection of their point are left out, in "
        "pixels; HNDesc: 12",
    )  # fmt: skip
    registration: Literal["pnp", "image_registrator"] = Field(
        "pnp",
        description="RANSAC on the matches with points of the model, then refinement; or COLMAP's registration of "
        "images whose matches with each reference were verified before, as in HNDesc",
    )
    max_error: float = Field(
        12.0, gt=0, description="of a pose: largest reprojection error of an inlier, in pixels; HNDesc: 20"
    )
    min_inliers: Count = Field(
        12, description="a query of which fewer keypoints agree with the best pose gets none; HNDesc: 4"
    )
    min_inlier_ratio: float = Field(
        0.0, ge=0, le=1, description="the same, as a share of its keypoints with points of the model; HNDesc: 0.05"
    )
    seed: int = Field(0, ge=0, description="of every RANSAC")
