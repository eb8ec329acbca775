"""AMES networks for ``torch.hub`` (Suma, Kordopatis-Zilos, Iscen and Tolias, ECCV 2024).

    torch.hub.load(<folder of this file>, "dinov2_ames", source="local")

Every entry point returns a network in evaluation mode; see ``reprise.networks.AMES`` for its inputs.
``pretrained=False`` gives random weights, ``checkpoint`` the path of another file. Otherwise the published file is
read from the cache of ``torch.hub``; if it is not there, it is downloaded from the address in config/sources.yaml.
"""

import sys
from pathlib import Path

dependencies = ["h5py", "filelock", "numpy", "requests", "torch", "tqdm", "yaml"]

_ROOT = Path(__file__).resolve().parent


def dinov2_ames(pretrained=True, checkpoint=None):
    """AMES on DINOv2 descriptors (768 dimensions), full precision.

    Args:
        pretrained: load the published weights; False gives random ones
        checkpoint: path of a checkpoint that is loaded in place of the published weights

    Returns:
        the network, in evaluation mode

    Raises:
        DataError: a checkpoint of other dimensions or precision
    """
    return _network("dinov2_ames", 768, False, pretrained, checkpoint)


def dinov2_ames_dist(pretrained=True, checkpoint=None):
    """AMES on DINOv2 descriptors (768 dimensions), distilled, with codes of 128 bits.

    Args:
        pretrained: load the published weights; False gives random ones
        checkpoint: path of a checkpoint that is loaded in place of the published weights

    Returns:
        the network, in evaluation mode

    Raises:
        DataError: a checkpoint of other dimensions or precision
    """
    return _network("dinov2_ames_dist", 768, True, pretrained, checkpoint)


def cvnet_ames(pretrained=True, checkpoint=None):
    """AMES on CVNet descriptors (1024 dimensions), full precision.

    Args:
        pretrained: load the published weights; False gives random ones
        checkpoint: path of a checkpoint that is loaded in place of the published weights

    Returns:
        the network, in evaluation mode

    Raises:
        DataError: a checkpoint of other dimensions or precision
    """
    return _network("cvnet_ames", 1024, False, pretrained, checkpoint)


def cvnet_ames_dist(pretrained=True, checkpoint=None):
    """AMES on CVNet descriptors (1024 dimensions), distilled, with codes of 128 bits.

    Args:
        pretrained: load the published weights; False gives random ones
        checkpoint: path of a checkpoint that is loaded in place of the published weights

    Returns:
        the network, in evaluation mode

    Raises:
        DataError: a checkpoint of other dimensions or precision
    """
    return _network("cvnet_ames_dist", 1024, True, pretrained, checkpoint)


def _network(name, local_dim, binarized, pretrained, checkpoint):
    try:
        import reprise  # noqa: F401
    except ModuleNotFoundError:
        sys.path.insert(0, str(_ROOT / "src"))
    from reprise.networks.ames import AMES
    from reprise.storage.errors import DataError

    if checkpoint is None and not pretrained:
        return AMES(local_dim, binarized)
    path = _published(name) if checkpoint is None else checkpoint
    network = AMES.from_checkpoint(path)
    if (network.local_dim, network.binarized) != (local_dim, binarized):
        found = f"{network.local_dim} dimensions, {'binarized' if network.binarized else 'full precision'}"
        raise DataError(f"{path}: is a network of {found}, which {name} is not; take the entry that fits it")
    return network


def _published(name):
    import torch

    from reprise.downloads.download import download
    from reprise.downloads.sources import read_sources

    folder = Path(torch.hub.get_dir()) / "checkpoints"
    source = read_sources(_ROOT / "config" / "sources.yaml")[name]
    return download(source, folder / source.file, lock=folder / "reprise.lock.json")["path"]
