"""From the feature maps of a backbone to their strongest cells, on the device of the backbone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from reprise.networks.attention_detector import AttentionDetector
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class Strongest:
    """The strongest cells of all maps of an image, in descending order of their weights.

    Attributes:
        rows: (n,) int64, cells counted through all maps, row by row
        descriptors: (n, D) float32 of unit L2 norm
        weights: (n,) float32
        vectors: global descriptors by kind, (G,) float32 of unit L2 norm
    """

    rows: np.ndarray
    descriptors: np.ndarray
    weights: np.ndarray
    vectors: dict[str, np.ndarray]


class Selection:
    """Weighs the cells of feature maps and keeps the strongest.

    Args:
        detector: path of the attention detector; None weighs cells by the L2 norm of their features
        dim: channels D of the maps
        local_space: ``backbone`` or ``detector``, the features that are kept as descriptors
        num_features: number of cells that are kept
        device: device of the maps
        where: what errors begin with

    Raises:
        DataError: a file that is no detector, or one for maps of another dimension
    """

    def __init__(
        self, detector: str | None, *, dim: int, local_space: str, num_features: int, device: str, where: str
    ) -> None:
        self._local_space = local_space
        self._num_features = num_features
        self._where = where
        self._detector = None if detector is None else _detector(detector, dim, device, where)

    def select(
        self,
        maps: Sequence[tuple[torch.Tensor, dict[str, torch.Tensor]]],
        kinds: Iterable[str],
        meant: np.ndarray | None = None,
    ) -> Strongest:
        """Select the strongest cells of the maps of one image.

        Cells of equal weight keep their order: by map, then row by row. Cells whose features are all 0 are left out.

        Args:
            maps: for each scale a map (1, D, h, w), not normalised, and global descriptors by kind, (G,), not
                normalised; where ``global`` is missing, the mean of the weighted features replaces it
            kinds: kinds of global descriptors that are returned, averaged over the scales
            meant: (cells,) bool, through all maps: the cells that may be kept; None: all

        Returns:
            the strongest cells, and the global descriptors

        Raises:
            DataError: weights that are not finite
        """
        candidates, weights, vectors = [], [], []
        for features, given in maps:
            projected, weight = self._weigh(features)
            vectors.append({"global": (projected * weight).mean(dim=(0, 2, 3)), **given})
            chosen = features if self._local_space == "backbone" else projected
            candidates.append(chosen.flatten(2)[0].T)
            weights.append(weight.flatten())
        cells = torch.cat(candidates)
        rows = self._order(torch.cat(weights), meant)
        if not cells[rows].any(dim=1).all():
            # A cell of zeros has no direction, and no file takes it for a descriptor: others move up.
            directed = cells.any(dim=1).cpu().numpy()
            rows = self._order(torch.cat(weights), directed if meant is None else directed & meant)
        return Strongest(
            rows.cpu().numpy(),
            functional.normalize(cells[rows], dim=1).cpu().numpy(),
            torch.cat(weights)[rows].cpu().numpy(),
            {kind: _average([each[kind] for each in vectors]) for kind in kinds},
        )

    def _weigh(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Weigh a map (1, D, h, w): features of unit norm in the space of the detector, and weights (1, 1, h, w)."""
        if self._detector is not None:
            return self._detector(features)
        return functional.normalize(features, dim=1), features.norm(dim=1, keepdim=True)

    def _order(self, weights: torch.Tensor, meant: np.ndarray | None) -> torch.Tensor:
        if not torch.isfinite(weights).all():
            raise DataError(f"{self._where}: the weights of features are not finite; check the checkpoint")
        order = torch.sort(weights, descending=True, stable=True).indices
        if meant is not None:
            order = order[torch.from_numpy(meant).to(order.device)[order]]
        return order[: self._num_features]


def _average(vectors: list[torch.Tensor]) -> np.ndarray:
    """Compute the normalised mean of normalised vectors, one for each scale."""
    normalised = functional.normalize(torch.stack(vectors), dim=1)
    return functional.normalize(normalised.mean(dim=0), dim=0).cpu().numpy()


def _detector(path: str, dim: int, device: str, where: str) -> AttentionDetector:
    detector = AttentionDetector.from_checkpoint(path)
    if detector.dim != dim:
        raise DataError(
            f"{path}: is a detector for features of {detector.dim} dimensions, and those of the {where} "
            f"have {dim}; give the detector that was trained with this checkpoint"
        )
    return detector.for_inference().to(device)
