"""Numbers of threads, and forked processes, which have one: they answer at all, and the same."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from reprise.storage.errors import DataError
from reprise.storage.threads import thread_count

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks processes")

# Everything that starts threads of OpenMP, in the parent, in a child, in its child, and in a worker of a DataLoader.
PROGRAM = """
import hashlib, json, multiprocessing, os, sys, threading, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
import reprise.codebooks.codebook
from reprise.asmk import ASMK, Codebook, InvertedFile, aggregate
from reprise.extractors.registry import load_extractor
from reprise.networks.how import HOW

folder, = sys.argv[1:]
torch.set_num_threads(2)
torch.manual_seed(0)
random = np.random.default_rng(0)
x = random.standard_normal((6000, 32), dtype=np.float32)
ids = np.repeat(np.arange(300), 20)
pixels = random.integers(0, 256, (200, 260, 3), np.uint8)
HOW("resnet18", 2, dim=8).save_checkpoint(folder + "/how.pth")
reprise.codebooks.codebook.SMALLEST = 512  # fewer words than are worth an approximate index, so that it is built soon
approximate = Codebook(random.standard_normal((512, 32)), index="approximate")
exact = Codebook(x[:100])
engine = ASMK(exact).index(x, ids)
how, sift = load_extractor("how", checkpoint=folder + "/how.pth"), load_extractor("rootsift")

def everything(threads=None):
    words = exact.assign(x, 3, threads=threads)
    parts = [aggregate(x, words, ids, exact, binary=binary, threads=threads) for binary in (True, False)]
    indexes = [InvertedFile.build(part, 100) for part in parts]
    found = [index.search(part, topk=9, threads=threads) for index, part in zip(indexes, parts)]
    return {
        "train": Codebook.train(x, 20, threads=1).centroids,
        "train at once": Codebook.train(x, 20, iterations=2, threads=threads).centroids,
        "assign": words,
        "approximate": approximate.assign(x[:500], 2, threads=threads),
        "aggregate": np.concatenate([part.vectors.view(np.uint8).ravel() for part in parts]),
        "search": np.concatenate([result.scores for result in found]),
        "ranks": np.concatenate([result.ranks for result in found]),
        "engine": engine.search(x[:200], ids[:200], topk=5).ranks,
        "how": how.extract(pixels).scores,
        "rootsift": sift.extract(pixels).descriptors,
    }

def digests(threads=None):
    found = everything(threads)
    found.pop("train at once")  # a sum whose order depends on the number of threads
    scores = found.pop("how").tolist()  # torch sums in another order for each number of threads
    exact = {key: hashlib.sha256(np.ascontiguousarray(value)).hexdigest() for key, value in found.items()}
    return {"how": scores, **exact}

def same(one, other):
    return one == other or isinstance(one, list) and len(one) == len(other) and np.allclose(one, other, atol=1e-5)

def in_child(function):
    ours, theirs = multiprocessing.get_context("fork").Pipe(False)
    def run():
        theirs.send(function())
    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    if not ours.poll(600):
        process.kill()
        return None
    result = ours.recv()
    process.join()
    return result

def in_thread():
    found = []
    thread = threading.Thread(target=lambda: found.append(digests()))
    thread.start()
    thread.join()
    return found[0]

class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 1
    def __getitem__(self, row):
        return digests()

expected = digests(2)
answers = {
    "child": in_child(digests),
    "child with threads": in_child(lambda: digests(2)),
    "child of a child": in_child(lambda: in_child(digests)),
    "thread of a child": in_child(in_thread),
    "loader": next(iter(torch.utils.data.DataLoader(Data(), 1, num_workers=1, collate_fn=lambda rows: rows[0],
                                                    multiprocessing_context="fork", timeout=600))),
    "parent": digests(2),
}
print(json.dumps({name: [key for key in expected if answer is None or not same(answer[key], expected[key])]
                  for name, answer in answers.items()}))
"""


def test_a_forked_process_gives_the_same_results(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr
    differing = json.loads(done.stdout.splitlines()[-1])
    assert len(differing) == 6 and not any(differing.values()), differing


def test_a_process_that_forks_before_it_imports_keeps_its_threads():
    code = "from reprise.storage.threads import thread_count as n; print(n(None, 8), n(3, 8))"
    program = f"import os\nif os.fork():\n    os.wait()\nelse:\n    {code.replace(';', chr(10) + '   ')}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True)
    assert done.stdout.split() == ["8", "3"]


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, np.nan, 10**6, [2]])
def test_bad_numbers_of_threads(threads):
    with pytest.raises(DataError, match="threads: "):
        thread_count(threads, 4)


@pytest.mark.parametrize("threads", [2, 2.0, np.int64(2), np.float32(2), np.array(2)])
def test_numbers_of_threads_as_people_have_them(threads):
    assert thread_count(threads, 4) == 2 and type(thread_count(threads, 4)) is int
    assert thread_count(None, 4) == 4
