# Networks that are made here instead of downloaded.


rule initialise:
    input:
        lambda wildcards: paths.dataset_inputs(
            config["checkpoints"][wildcards.checkpoint]["initialise"]["dataset"]
        ),
    output:
        f"{OUTPUT}/models/{{checkpoint}}.pth",
    log:
        f"{LOGS}/initialise/{{checkpoint}}.log",
    threads: 2
    resources:
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
        runtime=240,
    params:
        recipe=recipe("initialise", "checkpoint"),
    script:
        f"{SCRIPTS}/initialise.py"
