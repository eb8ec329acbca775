"""Times the published package asmk 0.1.1 on the arrays of benchmarks/asmk.py, which runs this in its environment.

Slow stages are timed on a part of the arrays and extrapolated to all of them.
"""

import json
import sys
import time
from types import SimpleNamespace

import numpy as np
from asmk.inverted_file import IVF
from asmk.kernel import ASMKKernel


def seconds(function):
    start = time.perf_counter()
    result = function()
    return time.perf_counter() - start, result


def main():
    data, n_words = dict(np.load(sys.argv[1])), int(sys.argv[2])
    kernel = ASMKKernel(SimpleNamespace(centroids=data["centroids"]), binary=True)
    images, per_query = 10, np.count_nonzero(data["queries_ids"] == 0)
    rows = data["image_ids"] < images
    aggregation, _ = seconds(
        lambda: kernel.aggregate(data["descriptors"][rows], data["words"][rows], data["image_ids"][rows])
    )
    query, _ = seconds(
        lambda: kernel.aggregate_image(data["descriptors"][: len(data["query_words"])], data["query_words"])
    )
    index = IVF.initialize_empty(codebook_size=n_words, use_idf=False)
    build, _ = seconds(lambda: index.add(data["database_codes"], data["database_words"], data["database_ids"]))

    def similarity(*arguments):
        return kernel.similarity(*arguments, alpha=3.0, similarity_threshold=0.0)

    def search(first):
        own = slice(first * per_query, (first + 1) * per_query)
        index.search(data["queries_codes"][own], data["queries_words"][own], similarity_func=similarity, topk=None)

    one, _ = seconds(lambda: search(0))
    some, _ = seconds(lambda: [search(query) for query in range(5)])
    times = {
        "aggregate": aggregation / images * len(data["descriptors"]) / len(data["query_words"]),
        "query": query,
        "build": build,
        "one": one,
        "batch": some / 5 * (data["queries_ids"][-1] + 1),
    }
    print(json.dumps(times))


if __name__ == "__main__":
    main()
