"""What stands in the columns of a table."""

from reprise.pipeline.tables import seed_rows, table_columns, table_rows, trained_on, vocabulary_notes


def test_protocols_are_groups_of_the_map():
    assert table_columns({"protocols": ["easy", "hard"]}) == [["mAP", "easy"], ["mAP", "hard"]]


def test_other_metrics_follow_or_stand_alone():
    metrics = {"index bytes": ["all"], "mP@10": ["easy", "hard"]}
    others = [["index bytes", "all"], ["mP@10", "easy"], ["mP@10", "hard"]]
    assert table_columns({"protocols": ["medium"], "metrics": metrics}) == [["mAP", "medium"], *others]
    assert table_columns({"metrics": metrics}) == others


CONFIG = {
    "datasets": {
        "oxford5k": {"images": "oxford5k"},
        "roxford5k": {"images": "oxford5k"},
        "own": {"images": None, "folder": "somewhere"},
        "own_list": {"images": None, "folder": "somewhere"},
        "other": {"images": None, "folder": "elsewhere"},
    },
    "enlarged": {"roxford5k+r1m": {"dataset": "roxford5k"}},
    "codebooks": {"of_oxford": {"dataset": "oxford5k", "seed": 1}, "of_own": {"dataset": "own_list", "seed": 1}},
    "experiments": {
        "bow": {"method": "A", "column": "BoW", "search": "bow", "codebook": "of_oxford"},
        "sv": {"method": "A", "column": "SV", "ranking": "bow"},
        "own": {"method": "B", "column": None, "search": "bow", "codebook": "of_own", "num_features": 7},
        "global": {"method": "C", "column": None, "search": "global"},
        "verified": {"method": "C", "column": None, "ranking": "global", "steps": {"sv": {"rerank": "words"}}},
        "expanded": {"method": "C", "column": None, "ranking": "verified", "steps": {"qe": {"expand": "mean"}}},
    },
    "rerankers": {"words": {"codebook": "of_oxford"}, "ames": {"codebook": None}},
    "trainings": {},
    "seed_study": [1, 2],
    "training_seed_study": [],
}


def table(experiments, datasets):
    return {**CONFIG, "tables": {"t": {"experiments": experiments, "datasets": datasets}}}


def test_vocabularies_of_the_searched_images_are_noted():
    every = ["bow", "sv", "own", "global"]
    assert vocabulary_notes(table(every, ["oxford5k", "own", "other"]), "t") == [
        "oxford5k: the visual words of_oxford were trained on the images that are searched",
        "own: the visual words of_own were trained on the images that are searched",
    ]
    assert len(vocabulary_notes(table(["sv"], ["roxford5k", "roxford5k+r1m"]), "t")) == 2
    assert vocabulary_notes(table(every, ["other"]), "t") == []


def test_visual_words_of_steps_are_named_as_those_of_searches():
    for experiment in ("verified", "expanded"):
        assert len(vocabulary_notes(table([experiment], ["oxford5k"]), "t")) == 1
    assert vocabulary_notes(table(["global"], ["oxford5k"]), "t") == []


def test_rows_say_their_column():
    config = table(["bow", "own"], ["other"])
    assert table_rows(config, "t") == [
        {"experiment": "bow", "method": "A", "column": "BoW", "num_features": 0},
        {"experiment": "own", "method": "B", "num_features": 7},
    ]
    assert [row["method"] for row in seed_rows(config, "t")] == ["A, BoW", "B"]


def test_a_network_is_not_tested_on_any_set_that_it_was_trained_on():
    config = {
        "experiments": {"all": {"search": "patches", "descriptor": "all", "trained_on": None}},
        "descriptors": {"all": {"checkpoint": "all"}},
        "checkpoints": {"all": {"training": "all"}},
        "trainings": {"all": {"dataset": "liberty", "also": {"more": "yosemite"}}},
    }
    found = [trained_on(config, "all", dataset) for dataset in ("liberty", "yosemite", "notredame")]
    assert found == [True, True, False]
