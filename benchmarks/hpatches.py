"""The three tasks of the HPatches patch benchmark on synthetic descriptors of its full size.

    python benchmarks/hpatches.py [--threads 2] [--json] [--reference]

156,915 patches of 116 sequences in 16 types, 128 dimensions, in memory before: 1.3 GB. A million pairs of each kind,
10,000 queries and 20,000 distractors. Time by the clock, time of the processor and the most memory are told; the target
is for all three together. ``--reference`` measures a small size beside a plain implementation of the definitions
(tests/reference/hpatches.py), one distance and one list at a time, as the published Python evaluation works.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

PATCHES, SEQUENCES, DIM = 156_915, 116, 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", action="store_true", help="print rows for benchmarks/run.py")
    parser.add_argument("--reference", action="store_true", help="a small size, beside a plain implementation")
    options = parser.parse_args()
    # Before NumPy is imported, whose product of matrices reads it.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(options.threads)

    import numpy as np
    from table import Row, print_rows

    from reprise.evaluation import HPatchesTasks, hpatches_matching, hpatches_retrieval, hpatches_verification
    from reprise.evaluation.hpatches_descriptors import all_types
    from reprise.evaluation.hpatches_tasks import retrieval_patches, verification_pairs

    if options.reference:
        print_rows(beside_reference(), as_json=options.json)
        return
    random = np.random.default_rng(0)
    sequences = tuple(f"{'iv'[i % 2]}_{i}" for i in range(SEQUENCES))
    counts = np.full(SEQUENCES, PATCHES // SEQUENCES)
    counts[: PATCHES - counts.sum()] += 1
    descriptors = {name: synthetic(random, count, all_types()) for name, count in zip(sequences, counts, strict=True)}
    rows = []

    def measured(stage, function, target=None):
        clock, processor = time.perf_counter(), time.process_time()
        result = function()
        rows.append(Row(stage, "s", time.perf_counter() - clock, target=target))
        rows.append(Row(f"{stage}, processor", "s", time.process_time() - processor))
        print(f"{stage}: {rows[-2].ours:.1f} s, processor {rows[-1].ours:.1f} s", file=sys.stderr, flush=True)
        return result

    pairs = measured("draw the pairs", lambda: verification_pairs(counts))
    textured = [np.ones(count, bool) for count in counts]
    tasks = HPatchesTasks(sequences, *pairs, *retrieval_patches(counts, textured))
    begin = len(rows)
    verification = measured("verification", lambda: hpatches_verification(descriptors, tasks))
    matching = measured("matching", lambda: hpatches_matching(descriptors, tasks))
    retrieval = measured("retrieval", lambda: hpatches_retrieval(descriptors, tasks))
    parts = rows[begin:]
    rows.append(Row("all three tasks", "s", sum(row.ours for row in parts[::2]), target=180))
    rows.append(Row("all three tasks, processor", "s", sum(row.ours for row in parts[1::2])))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows.append(Row("most memory", "GiB", most, target=4))
    print(f"{verification.mean:.4f} {matching.mean:.4f} {retrieval.mean_of_pools:.4f}", file=sys.stderr)
    print_rows(rows, as_json=options.json)


def beside_reference():
    """Rows of a size that the plain implementation can do: 6 sequences of 250 patches, the best of three runs."""
    import numpy as np
    from table import Row, best_of

    sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
    from reference import hpatches as plain

    from reprise.evaluation import HPatchesTasks, hpatches_matching, hpatches_retrieval, hpatches_verification
    from reprise.evaluation.hpatches_descriptors import all_types
    from reprise.evaluation.hpatches_tasks import retrieval_patches, verification_pairs

    random = np.random.default_rng(0)
    sequences, counts, pools = tuple("abcdef"), [250] * 6, (100, 500, 1000)
    descriptors = {name: synthetic(random, count, all_types()) for name, count in zip(sequences, counts, strict=True)}
    textured = [np.ones(count, bool) for count in counts]
    tasks = HPatchesTasks(
        sequences, *verification_pairs(counts, 20_000), *retrieval_patches(counts, textured, 100, 1_000)
    )
    stages = {
        "verification, 60,000 pairs": (
            lambda: hpatches_verification(descriptors, tasks),
            lambda: plain.verification(descriptors, tasks),
        ),
        "matching, 90 pairs of images": (
            lambda: hpatches_matching(descriptors, tasks),
            lambda: plain.matching(descriptors, tasks),
        ),
        "retrieval, 100 queries, 1,000 distractors": (
            lambda: hpatches_retrieval(descriptors, tasks, pools),
            lambda: plain.retrieval(descriptors, tasks, pools),
        ),
    }
    rows = []
    for stage, (ours, reference) in stages.items():
        times = best_of(3, {"ours": ours, "reference": reference})
        rows.append(Row(stage, "s", times["ours"], times["reference"]))
    return rows


def synthetic(random, count, types):
    """Descriptors of one sequence, of unit norm: noise grows from easy to tough."""
    import numpy as np

    base = random.standard_normal((count, DIM), np.float32)
    found = {}
    for name in types:
        noise = {"r": 0.0, "e": 0.6, "h": 1.2, "t": 1.8}[name[0]]
        values = base + np.float32(noise) * random.standard_normal(base.shape, np.float32)
        found[name] = values / np.linalg.norm(values, axis=1, keepdims=True)
    return found


if __name__ == "__main__":
    main()
