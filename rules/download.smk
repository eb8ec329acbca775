# From sources.yaml to checked files, and from archives to folders of images. With a miniature, its mirror comes first.


rule draw_miniature:
    output:
        paths.mirror,
    log:
        f"{LOGS}/draw_miniature.log",
    threads: 2
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        recipe=recipe("draw_miniature"),
    script:
        f"{SCRIPTS}/draw_miniature.py"


rule download:
    input:
        [paths.mirror] if config["miniature"] else [],
    output:
        paths.receipt("{source}"),
    log:
        f"{LOGS}/download/{{source}}.log",
    resources:
        mem_mb=500,
        runtime=1440,
        mirror=paths.mirror_address,
        sources=str(ROOT / "config" / "sources.yaml"),
    params:
        recipe=recipe("download", "source"),
    script:
        f"{SCRIPTS}/download.py"


rule unpack:
    input:
        lambda wildcards: [
            paths.receipt(archive) for archive in paths.archives(wildcards.images)
        ],
    output:
        paths.manifest("{images}"),
    log:
        f"{LOGS}/unpack/{{images}}.log",
    resources:
        mem_mb=1000,
        runtime=720,
    params:
        recipe=recipe("unpack", "images"),
    script:
        f"{SCRIPTS}/unpack.py"


localrules:
    download,
