"""The time of a search, from the jobs that measured it to the column of a table."""

import json

import numpy as np
import pytest

from reprise.evaluation.scores import Evaluation
from reprise.pipeline import records
from reprise.pipeline.search_times import with_search_times
from reprise.storage import timing

COLUMNS = [["mAP", "medium"], ["search time", "all"]]
FOUND = Evaluation([], {"mAP": {"medium": np.zeros(4), "hard": np.zeros(4)}})


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """The records of a search, two chunks of pairs, a re-ranking and its evaluation."""

    def record(name, rule, inputs, **measured):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        monkeypatch.setattr(records, "measured_seconds", lambda: measured)
        files = [str(tmp_path / one) for one in inputs]
        records.write_records(rule, {"file": name}, '{"stage": "x"}', files, [str(path)], 2, 0.0)
        return path

    record("features.h5", "extract_chunk", [], extraction=100.0)
    record("asmk/a.h5", "search", ["features.h5"], search=1.0)
    chunks = [record(f"pairs/{i}.h5", "score_pairs", ["asmk/a.h5", "features.h5"], search=0.5).name for i in (1, 2)]
    record("asmk_sv/a.h5", "rerank", ["asmk/a.h5", *(f"pairs/{name}" for name in chunks)])
    record("evaluations/asmk/a.json", "evaluate", ["asmk/a.h5"])
    record("evaluations/asmk_sv/a.json", "evaluate", ["asmk_sv/a.h5"])
    return tmp_path


def times(folder, columns=COLUMNS):
    paths = [folder / f"evaluations/{name}/a.json" for name in ("asmk", "asmk_sv")]
    return with_search_times({("asmk", "a"): FOUND, ("asmk_sv", "a"): FOUND}, paths, columns)


def test_all_jobs_that_compare_queries_are_counted_once(chain):
    evaluations, (note,) = times(chain)
    found = {name: entry.score("search time", "all") for (name, _), entry in evaluations.items()}
    assert {name: score.value for name, score in found.items()} == {"asmk": 250.0, "asmk_sv": 500.0}
    assert (found["asmk"].unit, found["asmk"].count, found["asmk"].higher_is_better) == ("ms", 4, False)
    assert "2 threads of" in note


def test_a_search_of_which_no_time_is_known_has_none(chain):
    path = records.record_path(chain / "pairs/2.h5")
    content = json.loads(path.read_text())
    del content["measured"]
    path.write_text(json.dumps(content))
    evaluations, _ = times(chain)
    assert evaluations["asmk", "a"].score("search time", "all").value == 250.0
    assert evaluations["asmk_sv", "a"].score("search time", "all") is None


def test_tables_that_do_not_ask_read_no_records(chain):
    for path in chain.rglob("*.job.json"):
        path.write_text("damaged")
    evaluations, notes = times(chain, COLUMNS[:1])
    assert notes == [] and evaluations["asmk", "a"] is FOUND


def test_a_part_that_is_measured_twice_is_added_up(monkeypatch):
    monkeypatch.setattr(timing, "_SECONDS", {"search": 1.0})
    with timing.measured("search"):
        pass
    assert 1.0 <= timing.measured_seconds()["search"] < 60 and list(timing.measured_seconds()) == ["search"]
