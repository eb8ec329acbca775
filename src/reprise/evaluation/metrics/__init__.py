"""Metrics, one module each, found by listing this package: a new one is a new file, and no other file is edited.

A metric module has ``TAKES``, the kind of ground truth that it needs (a dataset says which kind it has), and a
function ``evaluate(ranks, ground_truth, *, groups, kappas, database_size)`` that returns a
:class:`reprise.evaluation.scores.Evaluation`. Its arguments are:

* ranks: group of the ground truth, or "all" for every group -> (Q, M) integers, database indices, best first;
  negative ones, and those from ``database_size`` on, are distractors
* ground_truth: one mapping per query
* groups: named groups of queries, (Q,) bool each; empty where the dataset has none
* kappas: cut-offs of metrics that have some
* database_size: number of database images, distractors included
"""
