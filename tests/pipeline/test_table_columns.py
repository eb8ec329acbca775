"""What stands in the columns of a table."""

from reprise.pipeline.tables import table_columns


def test_protocols_are_groups_of_the_map():
    assert table_columns({"protocols": ["easy", "hard"]}) == [["mAP", "easy"], ["mAP", "hard"]]


def test_other_metrics_follow_or_stand_alone():
    metrics = {"index bytes": ["all"], "mP@10": ["easy", "hard"]}
    others = [["index bytes", "all"], ["mP@10", "easy"], ["mP@10", "hard"]]
    assert table_columns({"protocols": ["medium"], "metrics": metrics}) == [["mAP", "medium"], *others]
    assert table_columns({"metrics": metrics}) == others
