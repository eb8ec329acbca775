"""Which GPU a process gets, on a machine that need not have any."""

import multiprocessing
from types import SimpleNamespace

import pytest
import torch

from reprise.networks import devices


@pytest.fixture
def gpus(monkeypatch, tmp_path):
    """Pretend that torch sees so many GPUs, which no process holds."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(devices.tempfile, "tempdir", None)
    monkeypatch.setattr(devices, "_held", [])

    def pretend(count):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda index: SimpleNamespace(uuid=f"GPU-{index}"))

    yield pretend
    for lock in devices._held:
        lock.release()


def choose():
    return devices.best_device.__wrapped__()


@pytest.mark.parametrize(("count", "device"), [(0, "cpu"), (1, "cuda"), (3, "cuda:0")])
def test_the_device_of_a_single_process(gpus, count, device):
    gpus(count)
    assert choose() == device


def _report(queue, end):
    queue.put(choose())
    end.wait()


def test_processes_that_run_side_by_side_get_a_gpu_each_until_they_end(gpus):
    gpus(2)
    context = multiprocessing.get_context("fork")
    queue, end = context.Queue(), context.Event()
    processes = [context.Process(target=_report, args=(queue, end)) for _ in range(2)]
    for process in processes:
        process.start()
    assert {queue.get(timeout=300) for _ in processes} == {"cuda:0", "cuda:1"}
    assert choose() in ("cuda:0", "cuda:1")  # shared, for want of a third
    end.set()
    for process in processes:
        process.join()
    assert choose() == "cuda:0"
