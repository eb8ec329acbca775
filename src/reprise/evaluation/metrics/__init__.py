"""One module per metric, found by listing this package; whoever adds one adds a file and edits nothing.

A metric module has ``TAKES``, the kind of ground truth that it needs (a data set says which kind it has), and a
function ``evaluate(ranks, ground_truth, *, groups, kappas, database_size)`` that gives a
:class:`reprise.evaluation.scores.Evaluation`:

    ranks          group of the ground truth, or "all" for every group -> (Q, M) integers, database indices, best first;
                   negative ones, and those from ``database_size`` on, are distractors
    ground_truth   one mapping per query
    groups         named groups of queries, (Q,) bool each; empty where the data set has none
    kappas         cut-offs of metrics that have some
    database_size  of the database, distractors included
"""
