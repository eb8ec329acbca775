"""Targets of a configuration, in words."""

from collections.abc import Mapping


def describe_targets(config: Mapping) -> str:
    """List the targets of a configuration, one per line with a description of each."""
    output = config["output"]
    tables = {f"{output}/{name}.csv": entry["title"] for name, entry in config["tables"].items()}
    width = max(map(len, tables), default=0)
    lines = [f"  {target:<{width}}  {title}" for target, title in tables.items()]
    seen = [
        f"  {output}/report.html",
        f"  {output}/galleries/<experiment>/<dataset>.html",
        f"  {output}/galleries/<experiment>.vs.<experiment>/<dataset>.html",
    ]
    parts = [
        f"  {output}/<table>.seeds.csv",
        f"  {output}/figures/<figure>.pdf",
        f"  {output}/evaluations/<experiment>/<dataset>.json",
        f"  {output}/rankings/<experiment>/<dataset>.h5",
        f"  {output}/codebooks/<codebook>.h5",
        f"  {output}/features/<extractor>/<dataset>/database.h5, queries.h5",
        f"  {output}/models/<training>/best.pth",
    ]
    # The experiments of seed studies, which have a dot in their names, are no targets.
    names = [
        f"  <{kind[:-1]}>: {', '.join(name for name in config[kind] if '.' not in name)}"
        for kind in ("experiments", "datasets", "codebooks", "extractors", "trainings", "figures")
    ]
    return "\n".join(
        ["Nothing was asked for. Tables:", *lines, "To look at:", *seen, "Parts of them:", *parts, *names,
         "Run one of these: snakemake --cores 8 <target>   (add -n to see what would run)"]
    )  # fmt: skip
