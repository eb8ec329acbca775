# From sources.yaml to checked files, and from archives to folders of images. With a miniature, the part of its mirror
# that has the file comes first.


def draw_miniature_settings(wildcards):
    return {
        "part": wildcards.part,
        **(config["miniature"] or {}),
        "downloads": paths.downloads,
        "lock": paths.lock,
    }


rule draw_miniature:
    output:
        paths.mirror("{part}"),
    log:
        f"{LOGS}/draw_miniature/{{part}}.log",
    wildcard_constraints:
        part=any_of(PARTS),
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        recipe=recipe("draw_miniature", draw_miniature_settings),
    script:
        f"{SCRIPTS}/draw_miniature.py"


def expected_source(source):
    """What a file has to be; the published checksums are not those of the miniature."""
    drawn = paths.mirror_input(source)
    return sources[source].drawn() if drawn else sources[source]


def download_settings(wildcards):
    # Where a file comes from does not make it stale; what it has to be does.
    return {
        "source": wildcards.source,
        **expected_source(wildcards.source).demands,
        "destination": paths.download(wildcards.source),
        "lock": paths.lock,
    }


def own_source(wildcards):
    """The file's entry of the configuration, as JSON; that of sources.yaml is not in it."""
    name = wildcards.source
    return json.dumps(
        {name: config["sources"][name]} if name in config["sources"] else {}
    )


def missing_consent(wildcards):
    """What a dry run shows of a download whose licence is still to be accepted: the name to accept, or nothing."""
    source, mirror = expected_source(wildcards.source), paths.mirror_address or None
    there = os.path.exists(paths.download(wildcards.source))
    asked = needs_consent(source, config["accept"], mirror) and not there
    return source.consent.name if asked else ""


def check_downloads(keys):
    """Ask for all consents at once, before the first job and not in the middle of a run."""
    files = [(expected_source(key), paths.download(key)) for key in keys]
    check_consent(files, config["accept"], paths.mirror_address or None)


rule download:
    input:
        lambda wildcards: paths.mirror_input(wildcards.source),
        # Another list is no reason to fetch its archives again.
        lambda wildcards: ancient(paths.list_input(wildcards.source)),
    output:
        paths.receipt("{source}"),
    log:
        f"{LOGS}/download/{{source}}.log",
    resources:
        mem_mb=500,
        runtime=1440,
        mirror=paths.mirror_address,
        accepted=" ".join(config["accept"]),
        to_be_accepted=missing_consent,
        sources=str(ROOT / "config" / "sources.yaml"),
        own=own_source,
        drawn=lambda wildcards: int(bool(paths.mirror_input(wildcards.source))),
    params:
        recipe=recipe("download", download_settings),
    script:
        f"{SCRIPTS}/download.py"


rule check_list:
    input:
        lambda wildcards: paths.receipt(config["images"][wildcards.images]["list"]),
    output:
        paths.checked_list("{images}"),
    log:
        f"{LOGS}/check_list/{{images}}.log",
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        recipe=recipe(
            "check_list",
            lambda wildcards: picked(config["images"][wildcards.images], "list"),
        ),
    script:
        f"{SCRIPTS}/check_list.py"


SEPARATE = [name for name, entry in config["images"].items() if entry["separate"]]


def unpack_settings(wildcards):
    return {
        "flatten": config["images"][wildcards.images]["flatten"],
        "folder": paths.image_folder(wildcards.images),
    }


rule unpack:
    input:
        lambda wildcards: [
            paths.receipt(archive) for archive in paths.archives(wildcards.images)
        ],
    output:
        paths.manifest("{images}"),
    log:
        f"{LOGS}/unpack/{{images}}.log",
    wildcard_constraints:
        images=any_of(set(config["images"]) - set(SEPARATE)),
    resources:
        mem_mb=1000,
        runtime=720,
    params:
        recipe=recipe("unpack", unpack_settings),
    script:
        f"{SCRIPTS}/unpack.py"


def unpack_archive_settings(wildcards):
    return {**unpack_settings(wildcards), "archive": wildcards.source}


rule unpack_archive:
    input:
        lambda wildcards: paths.receipt(wildcards.source),
    output:
        paths.archive_manifest("{images}", "{source}"),
    log:
        f"{LOGS}/unpack_archive/{{images}}/{{source}}.log",
    wildcard_constraints:
        images=any_of(SEPARATE),
    resources:
        mem_mb=1000,
        runtime=720,
    params:
        recipe=recipe("unpack_archive", unpack_archive_settings),
    script:
        f"{SCRIPTS}/unpack_archive.py"


rule list_unpacked:
    input:
        lambda wildcards: [
            paths.archive_manifest(wildcards.images, archive)
            for archive in paths.archives(wildcards.images)
        ],
    output:
        paths.manifest("{images}"),
    log:
        f"{LOGS}/list_unpacked/{{images}}.log",
    wildcard_constraints:
        images=any_of(SEPARATE),
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        recipe=recipe("list_unpacked", unpack_settings),
    script:
        f"{SCRIPTS}/list_unpacked.py"


localrules:
    check_list,
    download,
    list_unpacked,
