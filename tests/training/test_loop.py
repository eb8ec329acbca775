"""The loop that all trainings share, with a system that only counts."""

import csv
import os
import signal

import pytest
import torch

from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError
from reprise.training import loop
from reprise.training.loop import System, TrainingFiles, run_training
from reprise.training.selection import Criterion, best_epoch
from reprise.training.states import FORMAT
from reprise.untrusted.checkpoints import load_checkpoint

LOSSES = (5.0, 3.0, 4.0, 2.0)
SCORES = {2: 0.2, 4: 0.1}


class Counting(System):
    """Adds the number of each epoch to a weight; its checkpoint is the weight."""

    title = "Counting"
    columns = ("loss", "score")
    panels = (("loss", ["loss"]), ("score", ["score"]))

    def __init__(self, criteria=()):
        self.criteria = criteria
        self.weight = torch.zeros(1)
        self.calls = []

    def initialise(self):
        self.calls.append("initialise")
        self.weight += 0.5

    def state(self):
        return {"weight": self.weight}

    def load(self, state):
        self.calls.append("load")
        self.weight = state["weight"]

    def train(self, epoch):
        self.calls.append(epoch)
        self.weight += epoch
        return {"loss": LOSSES[epoch - 1]}

    def validate(self, epoch):
        return {"score": SCORES.get(epoch)}

    def save(self, path, history):
        torch.save({"weight": self.weight.clone(), "epoch": len(history)}, path)


SCORE_THEN_LOSS = (Criterion("score", highest=True), Criterion("loss", highest=False))
WEIGHTS = [0.5 + epoch * (epoch + 1) / 2 for epoch in range(5)]


@pytest.fixture(autouse=True)
def quick_figure(monkeypatch):
    """Drawing is slow, and tested elsewhere."""

    def draw(path, rows, panels, title):
        write_text(path, repr((title, panels, [{**row, "seconds": 0} for row in rows])))

    monkeypatch.setattr(loop, "draw_figure", draw)


def files_in(folder, last=True):
    folder.mkdir(exist_ok=True)
    return TrainingFiles(
        folder / "best.pth", folder / "history.csv", folder / "curves.svg", folder / "state",
        folder / "last.pth" if last else None,
    )  # fmt: skip


def run(folder, epochs=4, *, criteria=SCORE_THEN_LOSS, identity="a", last=True, system=None):
    system = system or Counting(criteria)
    history = run_training(system, epochs, files_in(folder, last), identity)
    return system, history


def kept(path):
    content = load_checkpoint(path)
    return content["weight"].item(), content["epoch"]


def rows_of(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_epoch_has_a_row(tmp_path):
    system, history = run(tmp_path)
    assert system.calls == ["initialise", 1, 2, 3, 4]
    rows = rows_of(tmp_path)
    assert list(rows[0]) == ["epoch", "loss", "score", "seconds"]
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert [row["loss"] for row in rows] == ["5.0", "3.0", "4.0", "2.0"]
    assert [row["score"] for row in rows] == ["", "0.2", "", "0.1"]
    assert all(float(row["seconds"]) >= 0 for row in rows) and len(history) == 4
    assert "Counting" in (tmp_path / "curves.svg").read_text()


@pytest.mark.parametrize(
    "criteria, best",
    [
        (SCORE_THEN_LOSS, 2),
        ((Criterion("loss", highest=False),), 4),
        ((Criterion("loss", highest=True),), 1),
        ((), 4),  # nothing is compared, so that the last epoch is the result
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_the_best_checkpoint_is_that_of_the_first_criterion(tmp_path, criteria, best, last):
    run(tmp_path, criteria=criteria, last=last)
    assert kept(tmp_path / "best.pth") == (WEIGHTS[best], best)
    assert (tmp_path / "last.pth").exists() == last
    if last:
        assert kept(tmp_path / "last.pth") == (WEIGHTS[4], 4)
    names = sorted(path.name for path in (tmp_path / "state").iterdir())
    assert names == ([f"best_epoch{best}.pth"] if criteria else []) + ["state.pt"]


def test_no_epoch_writes_the_system_as_it_is_initialised(tmp_path):
    run(tmp_path, 0)
    assert kept(tmp_path / "best.pth") == kept(tmp_path / "last.pth") == (WEIGHTS[0], 0)
    assert (tmp_path / "history.csv").read_text() == "epoch,loss,score,seconds\n"


def test_it_goes_on_after_the_last_finished_epoch(tmp_path, capfd):
    run(tmp_path, 2)
    system, history = run(tmp_path, 4)
    assert system.calls == ["load", 3, 4] and len(history) == 4
    assert "going on after epoch 2" in capfd.readouterr().err
    assert kept(tmp_path / "best.pth") == (WEIGHTS[2], 2)
    system, _ = run(tmp_path, 4)
    assert system.calls == ["load"]


def test_an_error_says_where_the_last_epoch_is(tmp_path):
    class Failing(Counting):
        def train(self, epoch):
            if epoch == 3:
                raise DataError("epoch 3: the loss is nan; lower the learning rate")
            return super().train(epoch)

    with pytest.raises(DataError, match=rf"lower the learning rate\. The state .* is kept in {tmp_path / 'state'}"):
        run(tmp_path, system=Failing(SCORE_THEN_LOSS))
    assert len(rows_of(tmp_path)) == 2 and not (tmp_path / "best.pth").exists()
    assert run(tmp_path)[0].calls == ["load", 3, 4]


def test_the_state_of_another_training_is_set_aside(tmp_path, capfd):
    run(tmp_path, 2)
    system, _ = run(tmp_path, 2, identity="b")
    assert system.calls == ["initialise", 1, 2]
    assert "belongs to another training" in capfd.readouterr().err
    assert (tmp_path / "state" / "state.of-another-recipe.pt").exists()


@pytest.mark.parametrize("change", [{"format": FORMAT + 1}, {"format": None}])
def test_a_state_of_an_unknown_format_is_refused(tmp_path, change):
    run(tmp_path, 2)
    path = tmp_path / "state" / "state.pt"
    torch.save({**load_checkpoint(path), **change}, path)
    before = path.read_bytes()
    with pytest.raises(DataError, match=rf"{path}: is a state of the format .*, and this .*delete the file"):
        run(tmp_path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_state_is_refused(tmp_path):
    (tmp_path / "state").mkdir()
    torch.save({"weight": torch.zeros(1)}, tmp_path / "state" / "state.pt")
    with pytest.raises(DataError, match=r"state\.pt: is a state of the format None"):
        run(tmp_path)


def test_the_best_checkpoint_belongs_to_the_state(tmp_path):
    run(tmp_path, 1)
    (tmp_path / "state" / "best_epoch1.pth").unlink()
    with pytest.raises(DataError, match=r"best_epoch1\.pth: is missing beside .*state\.pt.*delete"):
        run(tmp_path)


def test_best_epoch_needs_a_value():
    with pytest.raises(DataError, match="no epoch of 0 has a value of anything"):
        best_epoch([], ())
    with pytest.raises(DataError, match="no epoch of 1 has a value of score"):
        best_epoch([{"epoch": 1, "score": None}], [Criterion("score", highest=True)])


MOMENTS = {
    "before the first state": (loop.TrainingState, "save", 1),
    "in the midst of epoch 2": (Counting, "validate", 2),
    "after the best checkpoint, before its state": (loop.TrainingState, "save", 3),
    "before the history of epoch 2": (loop, "write_csv", 3),
    "while the figure of epoch 3 is drawn": (loop, "draw_figure", 4),
    "after the last epoch": (loop, "_finish", 1),
    "before the best checkpoint is copied": (loop, "_copy", 1),
}


def run_and_die(folder, owner, name, call):
    """Run, and kill this process at the so many-th call of a function."""
    original, calls = getattr(owner, name), []

    def dying(*arguments, **options):
        calls.append(name)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)

    setattr(owner, name, dying)
    run(folder)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_it_ends_the_same(tmp_path, moment):
    process = os.fork()
    if not process:
        try:
            run_and_die(tmp_path / "killed", *MOMENTS[moment])
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(process, 0)[1]) == signal.SIGKILL
    assert not (tmp_path / "killed" / "best.pth").exists()
    run(tmp_path / "killed")
    run(tmp_path / "whole")
    for name in ("best.pth", "last.pth"):
        assert kept(tmp_path / "killed" / name) == kept(tmp_path / "whole" / name)
    assert (tmp_path / "killed/curves.svg").read_bytes() == (tmp_path / "whole/curves.svg").read_bytes()
    histories = [[{**row, "seconds": ""} for row in rows_of(tmp_path / name)] for name in ("killed", "whole")]
    assert histories[0] == histories[1]
    names = [sorted(path.name for path in (tmp_path / name / "state").iterdir()) for name in ("killed", "whole")]
    assert names[0] == names[1]
