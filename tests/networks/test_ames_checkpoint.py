"""Checkpoints and binarization matrices of AMES, and the entries for torch.hub."""

import os
import subprocess
import sys

import pytest
import torch
from paths import ROOT
from reference.weights import fill_weights

from reprise.networks import AMES
from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint


@pytest.mark.parametrize(("local_dim", "binarized"), [(768, False), (768, True), (1024, False), (1024, True)])
def test_a_checkpoint_says_which_network_it_is_of(tmp_path, local_dim, binarized):
    network = fill_weights(AMES(local_dim, binarized))
    network.save_checkpoint(tmp_path / "a.pt", epoch=3, optimizer={"step": 5}, training={"seed": 0})
    content = load_checkpoint(tmp_path / "a.pt")
    assert (content["epoch"], content["optim"], content["seed"]) == (3, {"step": 5}, 0)
    read = AMES.from_checkpoint(tmp_path / "a.pt")
    assert (read.local_dim, read.binarized, read.training) == (local_dim, binarized, False)
    for name, tensor in network.state_dict().items():
        assert torch.equal(read.state_dict()[name], tensor)


def test_the_published_form_has_the_state_alone(tmp_path):
    torch.save({"state": AMES().state_dict()}, tmp_path / "a.pt")
    assert AMES.from_checkpoint(tmp_path / "a.pt").local_dim == 768


def damaged(change):
    state = AMES().state_dict()
    change(state)
    return {"state": state}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "has no 'state'"),
        ({"state": {"a": 1}}, "'a'.*no tensor"),
        ({"state": {"a": torch.zeros(1)}}, "neither 'remap_local.0.weight' nor"),
        (damaged(lambda state: state.pop("mtc_token")), "no 'mtc_token'"),
        (damaged(lambda state: state.update(more=torch.zeros(1))), "'more'.*no part of AMES"),
        (damaged(lambda state: state.update(mtc_token=torch.zeros(64))), "shape \\(64,\\)"),
        (damaged(lambda state: state["mtc_token"].fill_(torch.nan)), "not finite"),
    ],
)
def test_what_is_no_checkpoint_of_ames(tmp_path, content, message):
    torch.save(content, tmp_path / "bad.pt")
    with pytest.raises(DataError, match=message) as raised:
        AMES.from_checkpoint(tmp_path / "bad.pt")
    assert "bad.pt" in str(raised.value)


def test_a_binarized_network_starts_from_a_fitted_matrix(tmp_path):
    W = torch.randn(768, 128, dtype=torch.float64)
    torch.save({"W": W}, tmp_path / "itq.pt")
    network = AMES(768, True, binarizer=tmp_path / "itq.pt")
    assert torch.equal(network.remap_local[0].W, W.float())
    with pytest.raises(DataError, match="expected \\(1024, 128\\)"):
        AMES(1024, True, binarizer=tmp_path / "itq.pt")
    with pytest.raises(DataError, match="only a binarized network"):
        AMES(768, binarizer=tmp_path / "itq.pt")
    torch.save({"V": W}, tmp_path / "other.pt")
    with pytest.raises(DataError, match="no matrix 'W'"):
        AMES(768, True, binarizer=tmp_path / "other.pt")


def hub(folder, *lines):
    """Run lines in a fresh interpreter that has never seen the project, from another folder, without a network."""
    load = f"load = lambda *a, **k: torch.hub.load({str(ROOT)!r}, *a, source='local', **k)"
    code = "\n".join(["import torch", load, *lines])
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment |= {"TORCH_HOME": str(folder), "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    return subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)


def test_hub_entries(tmp_path):
    network = fill_weights(AMES(768, True))
    network.save_checkpoint(tmp_path / "own.pt")
    cache = tmp_path / "hub" / "checkpoints"
    cache.mkdir(parents=True)
    network.save_checkpoint(cache / "dinov2_ames_dist.pt")
    expected = network.state_dict()["classifier.weight"].sum().item()
    result = hub(
        tmp_path,
        "for name in ('dinov2_ames', 'dinov2_ames_dist', 'cvnet_ames', 'cvnet_ames_dist'):",
        "    n = load(name, pretrained=False); print(name, n.local_dim, n.binarized, n.training)",
        "print(load('dinov2_ames_dist', checkpoint='own.pt').classifier.weight.sum().item())",
        "print(load('dinov2_ames_dist').classifier.weight.sum().item())",
        "try: load('cvnet_ames', checkpoint='own.pt')",
        "except ValueError as error: print(error)",
    )
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "dinov2_ames 768 False False",
        "dinov2_ames_dist 768 True False",
        "cvnet_ames 1024 False False",
        "cvnet_ames_dist 1024 True False",
    ]
    assert [float(line) for line in lines[4:6]] == [expected, expected]
    assert "own.pt" in lines[6] and "768 dimensions, binarized" in lines[6]
