"""Checkpoints of torch: data are read, and no code that they name is run."""

import argparse
import collections
import functools
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint


class Call:
    def __init__(self, function, *arguments):
        self.parts = (function, arguments)

    def __reduce__(self):
        return self.parts


@pytest.fixture(params=[True, False], ids=["zip", "before-zip"])
def save(request, tmp_path):
    def call(value):
        path = tmp_path / "x.pth"
        torch.save(value, path, _use_new_zipfile_serialization=request.param)
        return path

    return call


def published():
    """What a checkpoint of HOW holds: tensors, settings, and scores in nested default dictionaries."""
    scores = collections.defaultdict(functools.partial(collections.defaultdict, list))
    scores["val_eccv20"]["map"].append(np.float64(0.5))
    scores["roxford5k"]["map"].append(0.75)
    return {
        "epoch": 3,
        "meta": {"architecture": "resnet18", "backbone_dim": 512, "outputdim": 128, "corercf_size": 1},
        "state_dict": collections.OrderedDict({"dim_reduction.weight": torch.arange(4.0).reshape(2, 2)}),
        "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]},
        "best_score": np.float32(0.25),
        "scores": scores,
        "losses": collections.defaultdict(list, {"train": [np.int64(1)]}),
        "net_params": {"pretrained": True, "runtime": {"mean_std": [[0.485], [0.229]], "scales": [2.0, 1.414]}},
        "_version": "how/2020",
    }


def test_published_checkpoint(save):
    checkpoint = load_checkpoint(save(published()))
    assert checkpoint["scores"] == {"val_eccv20": {"map": [0.5]}, "roxford5k": {"map": [0.75]}}
    assert type(checkpoint["scores"]) is type(checkpoint["scores"]["roxford5k"]) is dict
    assert checkpoint["losses"] == {"train": [1]}
    assert checkpoint["best_score"] == np.float32(0.25)
    assert type(checkpoint["best_score"]) is np.float32
    assert checkpoint["net_params"] == published()["net_params"]
    weight = checkpoint["state_dict"]["dim_reduction.weight"]
    assert torch.equal(weight, torch.arange(4.0).reshape(2, 2))


def test_numbers_of_numpy_1(save, monkeypatch):
    # numpy 1 named the module of its scalars without the underscore.
    scalar = np.float64(1).__reduce__()[0]
    monkeypatch.setattr(scalar, "__module__", "numpy.core.multiarray", raising=False)
    path = save({"score": np.float64(0.5)})
    monkeypatch.undo()
    assert b"numpy.core.multiarray" in path.read_bytes()
    assert load_checkpoint(path) == {"score": 0.5}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Call(os.system, "touch hacked"), r"(posix|nt)\.system"),
        (Call(eval, "1"), "eval"),
        (Call(np.load, "x.npy"), r"numpy\.load"),
        (functools.partial(print), "print"),
        (collections.defaultdict(functools.partial(os.system, "touch hacked")), r"(posix|nt)\.system"),
        (torch.nn.Linear(1, 1), r"torch\.nn\.modules\.linear\.Linear"),
        (np.dtype("f4"), "a type or a function as a value"),
        (dict, "a type or a function as a value"),
    ],
)
def test_other_globals_are_refused(save, value, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=rf"x\.pth: refused to read it: it names .*{name}.* save its state_dict alone"):
        load_checkpoint(save({"x": value}))
    assert not (tmp_path / "hacked").exists()


def test_arrays_arguments_and_paths_are_data(save):
    value = {
        "whitening": {"m": np.arange(3.0)[:, None], "P": np.asfortranarray(np.arange(6.0).reshape(2, 3))},
        "args": argparse.Namespace(arch="resnet101", folder=Path("a/b"), deeper=argparse.Namespace(lr=0.5)),
        "size": torch.Size([1, 2]),
    }
    checkpoint = load_checkpoint(save(value))
    assert checkpoint["args"] == {"arch": "resnet101", "folder": "a/b", "deeper": {"lr": 0.5}}
    assert checkpoint["size"] == (1, 2)
    for key, array in value["whitening"].items():
        assert np.array_equal(checkpoint["whitening"][key], array)
        assert checkpoint["whitening"][key].flags.f_contiguous == array.flags.f_contiguous


def test_tensors_are_those_that_torch_reads(save):
    base = torch.arange(24.0).reshape(2, 3, 4)
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    tensors = [base, base.mT, base[1:, ::2], torch.zeros(0, 3), torch.tensor(3.5).half(), torch.tensor([True, False])]
    tensors += [torch.ones(2, dtype=torch.bfloat16), torch.arange(3), torch.nn.Parameter(torch.ones(2))]
    path = save({"tensors": tensors, "state_dict": network.state_dict()})
    ours, theirs = load_checkpoint(path), torch.load(path, weights_only=True)
    for tensor, expected in zip(ours["tensors"], theirs["tensors"], strict=True):
        assert torch.equal(tensor, expected)
        assert (tensor.dtype, tensor.stride(), tensor.storage_offset()) == (
            expected.dtype,
            expected.stride(),
            expected.storage_offset(),
        )
    first, second = ours["tensors"][:2]
    first[0, 0, 0] = 7
    assert second[0, 0, 0] == 7, "tensors of one storage still share it"
    assert ours["state_dict"]._metadata == theirs["state_dict"]._metadata
    network.load_state_dict(ours["state_dict"])


def test_numpy_scalar_that_lies(save):
    scalar = np.float64(1).__reduce__()[0]
    with pytest.raises(DataError, match=r"x\.pth: damaged"):
        load_checkpoint(save({"x": Call(scalar, np.dtype("f8"), b"short")}))


def test_nothing_stays_allowed_afterwards(save):
    before = torch.serialization.get_safe_globals()
    load_checkpoint(save(published()))
    assert set(torch.serialization.get_safe_globals()) == set(before)


def test_truncation_is_noticed(save, tmp_path):
    whole = save({"w": torch.arange(100.0)}).read_bytes()
    for length in [*range(0, len(whole), 101), len(whole) - 1]:
        (tmp_path / "cut.pth").write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"cut\.pth"):
            load_checkpoint(tmp_path / "cut.pth")


def test_a_checkpoint_is_a_dictionary(save):
    with pytest.raises(DataError, match="holds a list, where a checkpoint is a dictionary"):
        load_checkpoint(save([torch.ones(1)]))


def test_missing_file_keeps_its_own_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_checkpoint(tmp_path / "absent.pth")
