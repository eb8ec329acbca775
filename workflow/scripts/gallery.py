"""Draws what one or two experiments found for every query of a dataset."""

from reprise.datasets.reading import read_dataset
from reprise.formats.rankings import read_ranking
from reprise.pipeline.job import job
from reprise.reporting.evaluations import read_evaluation
from reprise.reporting.gallery import Method, gallery_content, open_drawn, write_gallery

with job(snakemake) as parameters:
    dataset = read_dataset(parameters.dataset)
    distractors = read_dataset(parameters.distractors) if parameters.distractors else None
    evaluations = list(map(read_evaluation, snakemake.input.evaluations)) or [None] * len(parameters.methods)
    methods = [
        Method(name, read_ranking(ranking), evaluation)
        for name, ranking, evaluation in zip(parameters.methods, snakemake.input.rankings, evaluations, strict=True)
    ]
    content, pictures = gallery_content(parameters.title, methods, dataset, distractors, topk=parameters.topk)
    write_gallery(
        snakemake.output.page,
        snakemake.output.previews,
        content,
        pictures,
        pixels=parameters.pixels,
        threads=snakemake.threads,
        drawn=[open_drawn(**each, threads=snakemake.threads) for each in parameters.matched],
        matches=parameters.matches,
        exif=getattr(parameters, "exif", None),
    )
