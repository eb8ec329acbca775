"""The random numbers of a training of HardNet, against the published ones."""

import random

import numpy as np
import pytest
import torch

from reprise.images.patch_resizing import resize_patches
from reprise.storage.errors import DataError
from reprise.training.hardnet import sampling
from reprise.training.hardnet.sampling import Flips, TripletSampler, turned
from reprise.training.hardnet.settings import HardNetSettings
from reprise.training.hardnet.training import learning_rate
from reprise.training.hardnet.validation import prepared


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("phototour"))


@pytest.fixture(scope="module")
def patches(arrays):
    """The patches of the golden set that its triplets begin with, by their numbers."""
    import io

    from PIL import Image

    sheet = np.asarray(Image.open(io.BytesIO(arrays["sheet_png"].tobytes())).convert("L"))
    return resize_patches(sheet.reshape(16, 64, 16, 64).swapaxes(1, 2).reshape(-1, 64, 64))


def sampler(arrays):
    return TripletSampler(arrays["labels"], int(arrays["batch_size"]), int(arrays["seed"]))


def test_golden_triplets(arrays):
    assert np.array_equal(sampler(arrays).draw(len(arrays["triplets"])), arrays["triplets"])


def plain_triplets(generator, labels, count, batch):
    """The triplets of one epoch, drawn one by one."""
    indices = [np.flatnonzero(labels == label) for label in range(labels.max() + 1)]
    found, used = [], set()
    for _ in range(count):
        if len(used) >= batch:
            used = set()
        own = generator.randint(0, len(indices))
        while own in used:
            own = generator.randint(0, len(indices))
        used.add(own)
        other = generator.randint(0, len(indices))
        while other == own:
            other = generator.randint(0, len(indices))
        first, second = 0, 1
        if len(indices[own]) != 2:
            first, second = (generator.randint(0, len(indices[own])) for _ in range(2))
            while second == first:
                second = generator.randint(0, len(indices[own]))
        third = generator.randint(0, len(indices[other]))
        found.append([indices[own][first], indices[own][second], indices[other][third]])
    return found


def test_epochs_follow_each_other_and_can_be_resumed(monkeypatch):
    monkeypatch.setattr(sampling, "_WORDS", 37)  # so that random numbers end in the middle of triplets
    generator, labels = (
        np.random.RandomState(3),
        np.random.default_rng(0).permutation(np.repeat(np.arange(20), [2, 5] * 10)),
    )
    expected = [plain_triplets(generator, labels, count, 16) for count in (50, 33, 40)]
    ours = TripletSampler(labels, 16, 3)
    assert np.array_equal(ours.draw(50), expected[0])
    state = ours.state()
    assert np.array_equal(ours.draw(33), expected[1])
    resumed = TripletSampler(labels, 16, 99)
    resumed.load(state)
    assert np.array_equal(resumed.draw(33), expected[1])
    assert np.array_equal(resumed.draw(40), expected[2])


def test_points_of_a_batch_differ():
    labels = np.repeat(np.arange(30), 3)
    drawn = labels[TripletSampler(labels, 25, 0).draw(250)]
    assert all(len(set(batch)) == 25 for batch in drawn[:, 0].reshape(-1, 25))
    assert np.array_equal(drawn[:, 0], drawn[:, 1])
    assert (drawn[:, 0] != drawn[:, 2]).all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 0, 1, 1, 2], "point 2 has 1 patches"),
        ([0, 0, 2, 2], "point 1 has 0 patches"),
        ([-1, -1, 0, 0], "number the points"),
        ([], "number the points"),
        ([0, 0, 1, 1], "2 points, and a batch needs 3 different ones; lower batch_pairs"),
    ],
)
def test_unfit_labels(labels, message):
    with pytest.raises(DataError, match=f"labels: .*{message}"):
        TripletSampler(np.array(labels, np.int64), 3, 0)


def test_flips_are_those_of_the_module_random(arrays):
    plain, flips = random.Random(7), Flips(7)
    expected = [[plain.random() > 0.5, plain.random() > 0.5] for _ in range(30)]
    assert np.array_equal(flips.draw(10), expected[:10])
    state = flips.state()
    assert np.array_equal(flips.draw(20), expected[10:])
    resumed = Flips(0)
    resumed.load(state)
    assert np.array_equal(resumed.draw(20), expected[10:])


def test_golden_augmentation(arrays, patches):
    first = arrays["triplets"][:24]
    drawn = torch.from_numpy(arrays["fliprot_draws"] > 0.5)
    plain = [prepared(torch.from_numpy(patches[first[:, column]])) for column in range(3)]
    augmented = [turned(values, drawn) for values in plain]
    for column in range(2):
        np.testing.assert_allclose(plain[column][:8], arrays["patches_32"][:, column], rtol=0, atol=1e-5)
        np.testing.assert_allclose(augmented[column][:8], arrays["augmented_32"][:, column], rtol=0, atol=1e-5)
    weights = torch.arange(1024.0, dtype=torch.float64)
    sums = np.stack([(values.double().flatten(1) * weights).sum(dim=1) for values in augmented], axis=1)
    np.testing.assert_allclose(sums, arrays["augmented_checksums"], rtol=1e-5, atol=0.5)
    means = np.stack([values.mean(dim=(1, 2, 3)) for values in plain], axis=1)
    np.testing.assert_allclose(means, arrays["triplet_means"], rtol=0, atol=1e-5)


def test_both_flips_are_a_turn():
    patch = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert torch.equal(turned(patch, torch.tensor([[True, True]])), patch.rot90(-1, (2, 3)))
    assert torch.equal(turned(patch, torch.tensor([[False, True]])), patch.mT)
    assert torch.equal(turned(patch, torch.tensor([[True, False]])), patch.flip(3))


def test_golden_learning_rates(arrays):
    settings = HardNetSettings(
        pairs=int(arrays["n_triplets"]),
        batch_pairs=int(arrays["batch_size"]),
        epochs=int(arrays["epochs"]),
        learning_rate=float(arrays["learning_rate"]),
    )
    found = [learning_rate(settings, step) for step in range(len(arrays["learning_rates"]))]
    np.testing.assert_allclose(found, arrays["learning_rates"], rtol=0, atol=1e-9)
    published = [learning_rate(HardNetSettings(), step) for step in (0, 1, 2, 3, 48829)]
    np.testing.assert_allclose(published, [10, 10, 9.9997952, 9.9995904, 2.56e-5], rtol=1e-9)
