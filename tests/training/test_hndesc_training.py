"""Training HNDesc on a small folder of images."""

import csv

import cv2
import numpy as np
import pytest
import torch
from keypoint_images_data import SIDE, write_image, write_keypoint_images, write_points

from reprise.datasets.megadepth import read_keypoints, read_megadepth
from reprise.descriptors import load_descriptor
from reprise.detectors.keypoints import Keypoints
from reprise.networks import HNDesc
from reprise.networks.u_net import encoder_of
from reprise.storage.errors import DataError
from reprise.training.hndesc import loading, training
from reprise.training.hndesc.criteria import criterion_loss
from reprise.training.hndesc.loading import CropLoader, check_images
from reprise.training.hndesc.settings import Entry, HNDescSettings
from reprise.training.hndesc.training import HNDescTraining, learning_rate, train_hndesc
from reprise.training.hndesc.validation import found_again, validate
from reprise.training.loop import TrainingFiles

SETTINGS = HNDescSettings(
    backbone="r2d2", crop_size=32, batch=2, iterations=5, epoch_iterations=2, learning_rate=1e-3, decay_iterations=3
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_keypoint_images(tmp_path_factory.mktemp("megadepth"))


@pytest.fixture(scope="module")
def images(root):
    return read_megadepth(root)


@pytest.fixture(scope="module")
def held_out(root):
    return read_megadepth(root, "test")


def files(folder):
    return TrainingFiles(folder / "best.pth", folder / "history.csv", folder / "curves.svg", folder / "state")


def train(folder, images, held_out, settings=SETTINGS, **changes):
    return train_hndesc(settings, images, held_out, files(folder), identity="a", device="cpu", **changes)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, images, held_out):
    folder = tmp_path_factory.mktemp("trained")
    train(folder, images, held_out)
    return folder


def rows_of(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def few_channels(settings, images, held_out=None, **changes):
    """A training of a network of one layer, which takes no time."""

    class Small(HNDesc):
        def __init__(self, backbone):
            torch.nn.Module.__init__(self)
            self.backbone, self.ops = (
                backbone,
                torch.nn.Sequential(torch.nn.Conv2d(3, 8, 5, padding=2), torch.nn.ReLU()),
            )

        def forward(self, images):
            return torch.nn.functional.normalize(self.ops(images))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "HNDesc", Small)
        return HNDescTraining(settings, images, held_out, "cpu", **changes)


def test_history_and_checkpoint(trained, held_out):
    rows = rows_of(trained)
    columns = ["epoch", "loss", "learning_rate", "points", "skipped_batches", "val_loss", "val_accuracy", "seconds"]
    assert [list(row) for row in rows] == [columns] * 3
    assert [float(row["learning_rate"]) for row in rows] == [1e-3, 5e-4, 5e-4]
    best = min(rows, key=lambda row: float(row["val_loss"]))
    assert torch.load(trained / "best.pth", weights_only=True)["epoch"] == int(best["epoch"])
    network = HNDesc.from_checkpoint(trained / "best.pth")
    assert network.backbone == "r2d2"
    loss, accuracy = validate(network, CropLoader(held_out, SETTINGS, 1).validation(), SETTINGS, "cpu")
    assert (loss, accuracy) == (pytest.approx(float(best["val_loss"])), pytest.approx(float(best["val_accuracy"])))
    assert "points found again" in (trained / "curves.svg").read_text()


def test_the_trained_network_is_a_descriptor(trained, images):
    descriptor = load_descriptor("hndesc", checkpoint=str(trained / "best.pth"))
    points = (read_keypoints(images.keypoints[0]) + 0.5).astype(np.float32)
    shapes = (
        np.ones(len(points), np.float32),
        np.ones(len(points), np.float32),
        np.zeros((len(points), 2, 2), np.float32),
    )
    found = descriptor.describe(images.images.paths[0], Keypoints(points, *shapes))
    assert found.shape == (len(points), 128)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    # The names and shapes of the published file.
    state = torch.load(trained / "best.pth", weights_only=True)["state_dict"]
    assert len(state) == 42 and {key.split(".")[0] for key in state} == {"ops"}


def test_interrupted_trainings_end_with_the_same_bits(trained, images, held_out, tmp_path, monkeypatch):
    step, calls = HNDescTraining._step, []

    def killed(self, *arguments):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return step(self, *arguments)

    monkeypatch.setattr(HNDescTraining, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, images, held_out)
    assert len(rows_of(tmp_path)) == 1
    train(tmp_path, images, held_out, workers=3)
    assert len(calls) == 4 + 3  # the second epoch from its beginning, and the last one, of one iteration
    assert (tmp_path / "best.pth").read_bytes() == (trained / "best.pth").read_bytes()
    for ours, theirs in zip(rows_of(tmp_path), rows_of(trained), strict=True):
        assert {**ours, "seconds": ""} == {**theirs, "seconds": ""}


def test_batches_depend_on_seed_and_iteration_alone(images):
    def batches(seed, iterations, workers, cache=1 << 20):
        settings = SETTINGS.model_copy(update={"seed": seed})
        return list(CropLoader(images, settings, workers, cache).training(iterations))

    first, again = batches(1, range(6), 1), batches(1, range(3, 6), 4, cache=0)
    for a, b in zip(first[3:], again, strict=True):
        assert torch.equal(a.sources, b.sources) and torch.equal(a.targets, b.targets)
    assert not any(torch.equal(a.sources, b.sources) for a, b in zip(first, batches(2, range(6), 1), strict=True))
    assert not torch.equal(first[0].sources, first[3].sources)


def test_every_image_comes_once_before_any_comes_again(images):
    loader = CropLoader(images, SETTINGS.model_copy(update={"batch": 4}), 1)
    laps = [loader.rows_of(iteration) for iteration in range(8)]
    assert all(len(set(rows)) == 4 for rows in laps)  # 6 images fill one batch of 4
    assert len({tuple(rows) for rows in laps}) > 4
    loader = CropLoader(images, SETTINGS, 1)
    for lap in range(3):
        assert sorted(np.concatenate([loader.rows_of(3 * lap + place) for place in range(3)])) == list(range(6))
    with pytest.raises(DataError, match="6 images are fewer than a batch of 7"):
        CropLoader(images, SETTINGS.model_copy(update={"batch": 7}), 1).rows_of(0)


def test_copies_in_another_style_are_decoded_at_their_share(images, monkeypatch):
    decoded = []
    decode = loading.decode
    monkeypatch.setattr(loading, "decode", lambda path: (decoded.append(path), decode(path))[1])
    styles = {style for style in images.stylised if style is not None}
    for share, expected in ((0.0, set()), (1.0, styles)):
        decoded.clear()
        settings = SETTINGS.model_copy(update={"style_share": share})
        list(CropLoader(images, settings, 1, cache=0).training(range(3)))
        assert set(decoded) - set(images.images.paths) == expected
    decoded.clear()
    list(CropLoader(images, SETTINGS, 1).training(range(9)))
    assert len(decoded) == len(set(decoded))  # each image once, because all of them are kept


def test_second_crops_are_of_the_other_style(images):
    settings = SETTINGS.model_copy(update={"augmentation": False, "style_share": 1.0})
    loader = CropLoader(images, settings, 1)
    for iteration, batch in zip(range(3), loader.training(range(3)), strict=True):
        for row, sample in zip(loader.rows_of(iteration), batch.samples, strict=True):
            (x, y), size = np.rint(sample.target_keypoints).astype(int).T, (32, 32)
            shown = cv2.warpPerspective(sample.source, sample.homography, size)[y, x].astype(float)
            product = np.corrcoef(shown.ravel(), sample.target[y, x].ravel())[0, 1]
            assert sample.fell_back or (product > 0.5 if images.stylised[row] is None else product < -0.5)


def test_steps_are_those_of_the_definition(images):
    settings = SETTINGS.model_copy(update={"batch": 3})
    system = few_channels(settings, images)
    network = type(system.network)("r2d2")
    network.load_state_dict(system.network.state_dict())
    optimizer = torch.optim.Adam(network.parameters(), settings.learning_rate)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, settings.decay_iterations, 0.5)
    losses = []
    for batch in CropLoader(images, settings, 1).training(range(5)):
        both = []
        for crops, name in ((batch.sources, "source_keypoints"), (batch.targets, "target_keypoints")):
            maps = network(crops)
            places = [np.rint(getattr(sample, name)).astype(int) for sample in batch.samples]
            both.append(torch.cat([map[:, rows[:, 1], rows[:, 0]].T for map, rows in zip(maps, places, strict=True)]))
        a, b = (torch.nn.functional.normalize(each) for each in both)
        loss = criterion_loss("in_batch", a, b, batch.points_per_crop)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(float(loss.detach()))
    rows = [system.train(epoch) for epoch in (1, 2, 3)]
    assert [row["loss"] for row in rows] == pytest.approx(
        [np.mean(losses[:2]), np.mean(losses[2:4]), losses[4]], abs=1e-5
    )
    for name, expected in network.state_dict().items():
        torch.testing.assert_close(system.network.state_dict()[name], expected, rtol=1e-4, atol=1e-6)


def test_training_helps(images, held_out):
    # With larger steps it helps on some processors only.
    settings = SETTINGS.model_copy(update={"iterations": 60, "epoch_iterations": 30, "batch": 3, "learning_rate": 0.003,
                                           "decay_iterations": 100})  # fmt: skip
    system = few_channels(settings, images, held_out)
    before = system.validate(0)
    for epoch in (1, 2):
        system.train(epoch)
    after = system.validate(2)
    assert after["val_loss"] < before["val_loss"] and after["val_accuracy"] > before["val_accuracy"]


def test_validation_is_always_of_the_same_crops(held_out):
    loader = CropLoader(held_out, SETTINGS, 1)
    first, again = (
        list(loader.validation()),
        list(CropLoader(held_out, SETTINGS.model_copy(update={"seed": 7}), 2).validation()),
    )
    assert [len(batch.samples) for batch in first] == [2, 1]
    assert all(torch.equal(a.sources, b.sources) for a, b in zip(first, again, strict=True))


def test_points_are_found_where_descriptors_say(held_out):
    sample = next(CropLoader(held_out, SETTINGS, 1).validation()).samples[0]
    y, x = torch.meshgrid(*(torch.linspace(0, 1, 32),) * 2, indexing="ij")

    def described(places):
        """Descriptors that are places on a sphere."""
        angles = (places - 0.5) * 2
        return torch.stack([angles[0].sin() * angles[1].cos(), angles[1].sin(), angles[0].cos() * angles[1].cos()])

    own = described(torch.stack([x, y]))
    homogeneous = torch.stack([x * 31, y * 31, torch.ones_like(x)]).reshape(3, -1)
    mapped = torch.from_numpy(sample.homography).float() @ homogeneous
    source = described((mapped[:2] / mapped[2] / 31).reshape(2, 32, 32))
    assert found_again(source, own, sample) > 0.9
    assert found_again(own.flip(1, 2), own, sample) < 0.5


def test_the_u_net_starts_from_a_trunk_and_runs(images, held_out, tmp_path):
    names = {"0": "conv1", "1": "bn1", "4": "layer1", "5": "layer2", "6": "layer3"}
    torch.manual_seed(3)
    trunk = {
        f"{names[key.split('.', 1)[0]]}.{key.split('.', 1)[1]}": value
        for key, value in encoder_of(HNDesc("caps")).state_dict().items()
    }
    torch.save({**trunk, "fc.weight": torch.zeros(1)}, tmp_path / "resnet50.pth")
    settings = SETTINGS.model_copy(update={"backbone": "caps", "iterations": 1, "learning_rate": 1e-9})
    network = train(tmp_path, images, held_out, settings, trunk=tmp_path / "resnet50.pth")
    torch.testing.assert_close(
        network.layer3[0].conv2.weight.detach(), trunk["layer3.0.conv2.weight"], rtol=0, atol=1e-6
    )
    state = torch.load(tmp_path / "best.pth", weights_only=True)["state_dict"]
    assert len(state) == 300 and sum(value.numel() for value in network.parameters()) == 20_508_992
    assert state["conv_coarse.bn.num_batches_tracked"] == 2  # of which nothing is learned, as published
    assert HNDesc.from_checkpoint(tmp_path / "best.pth").backbone == "caps"


@pytest.mark.parametrize(("select", "kept"), [("val_loss", 1), ("last", 3)])
def test_the_lowest_loss_or_the_last_epoch_is_kept(images, held_out, tmp_path, monkeypatch, select, kept):
    losses = iter([0.1, 0.3, 0.2])
    monkeypatch.setattr(training, "validate", lambda *arguments: (next(losses), 0.5))
    monkeypatch.setattr(training.HNDescTraining, "_step", lambda *arguments: 1.0)
    train(tmp_path, images, held_out, SETTINGS.model_copy(update={"select": select}))
    assert torch.load(tmp_path / "best.pth", weights_only=True)["epoch"] == kept


def test_no_iterations_leave_the_network_as_it_is_initialised(images, held_out, tmp_path):
    settings = SETTINGS.model_copy(update={"iterations": 0})
    train(tmp_path, images, held_out, settings)
    torch.manual_seed(settings.seed)
    state = torch.load(tmp_path / "best.pth", weights_only=True)["state_dict"]
    assert all(torch.equal(state[key], value) for key, value in HNDesc("r2d2").state_dict().items())


def without_points(tmp_path, images, count):
    """A folder with images of which ``count`` have no keypoints."""
    root = write_keypoint_images(tmp_path)
    found = read_megadepth(root)
    for path in found.keypoints[:count]:
        write_points(path, np.zeros((0, 3), np.float32))
    return found


@pytest.mark.parametrize(("fallback", "equal"), [("identity", True), ("mapped", False)])
def test_images_without_keypoints_have_random_points(tmp_path, images, fallback, equal):
    found = without_points(tmp_path, images, 6)
    settings = SETTINGS.model_copy(update={"fallback": fallback})
    for batch in CropLoader(found, settings, 1).training(range(3)):
        for sample in batch.samples:
            assert sample.fell_back and len(sample.source_keypoints) > 50
            assert np.array_equal(sample.source_keypoints, sample.target_keypoints) == equal
    # They say nothing of a network.
    with pytest.raises(DataError, match="validation: no crops show enough keypoints"):
        validate(few_channels(settings, found).network, CropLoader(found, settings, 1).validation(), settings, "cpu")


def test_batches_with_too_few_points_are_skipped_and_counted(tmp_path, images, monkeypatch):
    found = without_points(tmp_path, images, 0)
    for path in found.keypoints[:3]:
        write_points(path, np.array([[SIDE / 2, SIDE / 2, 1]], np.float32))
    system = few_channels(SETTINGS.model_copy(update={"iterations": 9, "epoch_iterations": 9}), found)
    row = system.train(1)
    assert 0 < row["skipped_batches"] < 9 and np.isfinite(row["loss"])
    monkeypatch.setattr(training, "usable", lambda criterion, points: False)
    with pytest.raises(DataError, match="epoch 1: no batch had 2 pairs of crops with two common keypoints"):
        system.train(1)


def test_styles_of_another_size_are_refused_before_anything_is_trained(tmp_path):
    root = write_keypoint_images(tmp_path)
    found = read_megadepth(root)
    write_image(found.stylised[2], np.zeros((SIDE, SIDE - 4, 3), np.uint8))
    with pytest.raises(DataError, match=rf"{found.stylised[2]}: has 68 x 72 pixels, .*; resize it, or delete it"):
        check_images(found)
    found.images.paths[1].write_bytes(b"no image")
    with pytest.raises(DataError, match=rf"{found.images.paths[1]}: cannot be read as an image"):
        train(tmp_path, found, None)


def test_losses_and_weights_that_are_not_finite_end_the_training(images, monkeypatch):
    system = few_channels(SETTINGS, images)
    monkeypatch.setattr(system, "_step", lambda *arguments: float("nan"))
    with pytest.raises(DataError, match="epoch 1, iteration 1: the loss is nan; lower learning_rate"):
        system.train(1)
    monkeypatch.setattr(system, "_step", lambda *arguments: 1.0)
    system.network.ops[0].weight.data[0] = torch.inf
    with pytest.raises(DataError, match=r"epoch 1: ops\.0\.weight is not finite"):
        system.train(1)


def test_the_published_schedule():
    settings = HNDescSettings()
    assert [learning_rate(settings, i) for i in (0, 49_999, 50_000, 219_998)] == [1e-4, 1e-4, 5e-5, 1e-4 / 16]
    assert settings.epochs == 37 and HNDescSettings(iterations=0).epochs == 0


def test_only_the_u_net_has_a_trunk():
    with pytest.raises(DataError, match="trunk: the backbone r2d2 has none; set it to null"):
        Entry(type="hndesc", dataset="a", backbone="r2d2", trunk="imagenet_resnet50")
