"""One interface of features: what any layout offers, and any engine on any features."""

import h5py
import numpy as np
import pytest
import torch
from dense_data import DIM, ROWS, compound, flat, random_features

from reprise.asmk import Aggregated, InvertedFile
from reprise.asmk.stages.aggregation import aggregate_chunk
from reprise.asmk.stages.searching import search_indexes
from reprise.codebooks.stages import train_codebook
from reprise.formats.aggregated import read_aggregated
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_merging import merge_features
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.neighbors import read_neighbors
from reprise.formats.rankings import ALL, read_ranking
from reprise.formats.tokens import TokenFile
from reprise.neighbors.files import find_neighbors
from reprise.neighbors.ranking import rank_neighbors
from reprise.networks.ames import AMES
from reprise.reranking.expand_global import expanded
from reprise.reranking.projecting import project_tokens
from reprise.storage.errors import DataError

COUNTS = (6, 0, 3, 5, 2, 6)
CLS = 8


def some_images(seed=0, counts=COUNTS):
    rng = np.random.default_rng(seed)
    return [random_features(rng, count, cls=rng.random(CLS, np.float32)) for count in counts]


def write(path, images, layout="ragged", **options):
    names = [f"image{i}" for i in range(len(images))]
    if layout == "dense":
        options = {"names": names, "num_features": ROWS, **options}
    with feature_writer(path, DIM, {"recipe": "{}"}, layout=layout, global_dims={"cls": CLS}, **options) as writer:
        for name, features in zip(names, images, strict=True):
            writer.append(name, features)
    return path


def published(make, **options):
    def write_published(path, images):
        make(path, images, **options)
        return path

    return write_published


#: Layout -> how it is written, and the type in which it stores descriptors.
LAYOUTS = {
    "ragged": (write, "f4"),
    "ragged float16": (lambda path, images: write(path, images, descriptor_type="f2"), "f2"),
    "dense": (lambda path, images: write(path, images, "dense"), "f2"),
    "flat": (published(flat, dtype="<f4"), "f4"),
    "flat float16": (published(flat, dtype="<f2"), "f2"),
    "flat compressed": (published(flat, dtype="<f4", chunks=(2, ROWS, 5 + DIM), compression=1), "f4"),
    "compound float32": (published(compound, dtype="<f4"), "f4"),
    "packed": (published(compound, pack=True), None),
}


def stored(features, dtype):
    values = features.descriptors
    return np.where(values > 0, 1, -1).astype(np.float32) if dtype is None else values.astype(dtype).astype(np.float32)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_offers_the_same(tmp_path, layout):
    make, dtype = LAYOUTS[layout]
    images = some_images()
    with open_features(make(tmp_path / "x.h5", images)) as file:
        assert (len(file), file.num_images, file.num_features, file.dim) == (6, 6, ROWS, DIM)
        assert file.offsets.tolist() == [0, 6, 6, 9, 14, 16, 22] and file.offsets.dtype == np.int64
        assert file.counts(4).tolist() == [4, 0, 3, 4, 2, 4]
        expected = [stored(features, dtype) for features in images]
        descriptors, ids = file.read_rows(1, 5, 4)
        assert np.array_equal(descriptors, np.concatenate([part[:4] for part in expected[1:5]]))
        assert descriptors.dtype == np.float32 and ids.tolist() == [2, 2, 2, 3, 3, 3, 3, 4, 4]
        padded, counts = file.read(np.array([5, 0, 1, 5]), 3)
        assert padded.shape == (4, 3, DIM) and padded.dtype == file.dtype and counts.tolist() == [3, 3, 0, 3]
        assert np.array_equal(padded[0], expected[5][:3]) and np.array_equal(padded[3], padded[0])
        rows = file.rows(2)
        assert rows.tolist() == [0, 1, 6, 7, 9, 10, 14, 15, 16, 17]
        chosen = np.array([21, 0, 9, 9, 7])
        assert np.array_equal(file.gather(chosen), np.concatenate(expected)[chosen])
        half = layout == "flat float16"
        for key in ("keypoints", "scores", "scales"):
            wanted = np.concatenate([getattr(features, key) for features in images[2:5]])
            wanted = wanted.astype(np.float16).astype(np.float32) if half else wanted
            assert np.array_equal(getattr(file, key)(2, 5), wanted) and getattr(file, key)().dtype == np.float32
            assert np.array_equal(getattr(file.block(2, 5), key), wanted)
            assert np.array_equal(getattr(file.features(3), key), wanted[3:8])
        assert file.keypoint_convention == ("colmap" if layout.startswith("ragged") else "published")
        if file.names is None:
            assert file.global_dims == {}
        else:
            assert file.global_dims == {"cls": CLS} and file.names[5] == "image5"
            assert np.array_equal(file.globals("cls"), [features.global_descriptors["cls"] for features in images])


@pytest.mark.parametrize("layout", ["ragged", "dense"])
def test_a_merged_file_offers_the_same_as_its_chunks(tmp_path, layout):
    images = some_images()
    write(tmp_path / "1.h5", images[:1], layout)
    write(tmp_path / "2.h5", images[1:2], layout)  # an image without features: no rows at all in the ragged layout
    write(tmp_path / "3.h5", images[2:], layout)
    merge_features([tmp_path / f"{i}.h5" for i in (1, 2, 3)], tmp_path / "merged.h5", {"recipe": "m"})
    merge_features([tmp_path / "merged.h5"], tmp_path / "nested.h5", {"recipe": "m"}, one_recipe=False)
    write(tmp_path / "whole.h5", images, layout)
    with open_features(tmp_path / "nested.h5") as merged, open_features(tmp_path / "whole.h5") as whole:
        assert np.array_equal(merged.offsets, whole.offsets)
        assert np.array_equal(merged.read_rows(0, 6, 4)[0], whole.read_rows(0, 6, 4)[0])
        assert np.array_equal(merged.read(np.array([3, 0, 5]))[0], whole.read(np.array([3, 0, 5]))[0])
        assert np.array_equal(merged.keypoints(), whole.keypoints())
        assert np.array_equal(merged.globals("cls"), whole.globals("cls"))
    (tmp_path / "3.h5").unlink()
    with pytest.raises(DataError, match=r"3\.h5 is missing"):
        open_features(tmp_path / "nested.h5")


def test_layouts_are_not_mixed(tmp_path):
    write(tmp_path / "1.h5", some_images())
    write(tmp_path / "2.h5", some_images(), "dense")
    with pytest.raises(DataError, match="another layout"):
        merge_features([tmp_path / "1.h5", tmp_path / "2.h5"], tmp_path / "m.h5", {}, one_recipe=False)


def test_a_chunk_that_grew_since_the_merge_is_refused(tmp_path):
    write(tmp_path / "1.h5", some_images())
    merge_features([tmp_path / "1.h5"], tmp_path / "m.h5", {})
    write(tmp_path / "1.h5", some_images(counts=(6, 0, 3, 5, 2, 6, 4)))
    with pytest.raises(DataError, match="since the merge"):
        open_features(tmp_path / "m.h5")


def earlier(path, images):
    """A file as earlier versions wrote it."""
    write(path, images)
    with h5py.File(path, "a") as file:
        file.move("keypoints", "locations")
        file.move("scores", "strengths")
        del file.attrs["keypoint_convention"], file["cls"]


def test_files_of_earlier_versions_are_read_and_merged_with_new_ones(tmp_path):
    images = some_images()
    earlier(tmp_path / "1.h5", images[:3])
    with open_features(tmp_path / "1.h5") as file:
        assert np.array_equal(file.keypoints(2, 3), images[2].keypoints) and file.keypoint_convention == "colmap"
        assert np.array_equal(file.read_rows(0, 3, 2)[0], np.concatenate([f.descriptors[:2] for f in images[:3]]))
    earlier(tmp_path / "2.h5", images[3:])
    write(tmp_path / "3.h5", images[3:])
    merge_features([tmp_path / "1.h5", tmp_path / "2.h5"], tmp_path / "m.h5", {})
    merge_features([tmp_path / "1.h5", tmp_path / "3.h5"], tmp_path / "n.h5", {}, one_recipe=False)
    for name in ("m.h5", "n.h5"):
        with open_features(tmp_path / name) as file:
            assert np.array_equal(file.scores(), np.concatenate([features.scores for features in images]))
            assert np.array_equal(file.keypoints(), np.concatenate([features.keypoints for features in images]))


def test_a_merge_of_earlier_versions_is_read_and_checked(tmp_path):
    images = some_images()
    earlier(tmp_path / "1.h5", images)
    rows = sum(map(len, images))
    with h5py.File(tmp_path / "1.h5") as source, h5py.File(tmp_path / "m.h5", "w") as file:
        file.attrs["chunk_recipe"], file["chunk_rows"] = "{}", [rows]
        file.create_dataset("chunks", data=np.array(["1.h5"], object), dtype=h5py.string_dtype())
        for key in ("offsets", "names", "skipped"):
            source.copy(key, file)
        for key in ("descriptors", "locations", "scales", "strengths"):
            layout = h5py.VirtualLayout(source[key].shape, "f4")
            layout[:] = h5py.VirtualSource("1.h5", key, source[key].shape, "f4")
            file.create_virtual_dataset(key, layout)
    with open_features(tmp_path / "m.h5") as file:
        assert np.array_equal(file.scores(), np.concatenate([features.scores for features in images]))
    with h5py.File(tmp_path / "1.h5", "a") as file:
        file.attrs["recipe"] = "other"
    with pytest.raises(DataError, match="another recipe since the merge"):
        open_features(tmp_path / "m.h5")


def test_keypoints_alone_and_affine_shapes(tmp_path):
    rng = np.random.default_rng(0)
    shapes = rng.random((3, 2, 2), np.float32)
    ones = np.ones(3, np.float32)
    features = LocalFeatures(np.zeros((3, 0), np.float32), ones, np.ones((3, 2), np.float32), ones, affine=shapes)
    with feature_writer(tmp_path / "k.h5", 0, {}, affine=True) as writer:
        writer.append("a", features)
        writer.skip("b")
    with open_features(tmp_path / "k.h5") as file:
        assert (file.dim, file.has_affine, file.skipped) == (0, True, ["b"])
        assert np.array_equal(file.affine(), shapes) and file.features(0).descriptors.shape == (3, 0)
        with pytest.raises(DataError, match=r"k\.h5: AMES needs local descriptors, and this file has no local desc"):
            file.require("AMES")
    with open_features(write(tmp_path / "x.h5", some_images())) as file, pytest.raises(DataError, match="affine"):
        file.affine()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"global_descriptors": {}}, "the file was made for"),
        ({"global_descriptors": {"cls": np.ones(3)}}, r"'cls' \(3,\): expected \(8,\)"),
        ({"global_descriptors": {"cls": np.full(CLS, np.nan)}}, "'cls'"),
        ({"keypoints": np.zeros((2, 2), np.float32)}, r"keypoints have shape \(2, 2\)"),
    ],
)
def test_wrong_features_of_a_ragged_file_are_refused(tmp_path, change, message):
    (features,) = some_images(counts=(3,))
    with pytest.raises(DataError, match=f"image 'image0'.*{message}"):
        write(tmp_path / "x.h5", [LocalFeatures(**{**vars(features), **change})])
    assert not list(tmp_path.iterdir())


def test_images_of_a_dense_file_come_in_the_order_of_its_names(tmp_path):
    with (
        pytest.raises(DataError, match="image 'b' was added, and the file was made for 'a' next"),
        feature_writer(tmp_path / "x.h5", DIM, {}, layout="dense", names=["a", "b"], num_features=ROWS) as writer,
    ):
        writer.skip("b")


@pytest.mark.parametrize("options", [{"layout": "dense"}, {"layout": "sparse"}, {"global_dims": {"scores": 3}}])
def test_what_a_layout_cannot_hold_is_refused(tmp_path, options):
    with pytest.raises(DataError, match=r"x\.h5: "), feature_writer(tmp_path / "x.h5", DIM, {}, **options):
        pass


@pytest.mark.parametrize("layout", ["dense", "ragged"])
def test_asmk_takes_features_of_any_layout(tmp_path, layout):
    """The way of DINOv2 + ASMK and CVNet + ASMK: every image finds itself."""
    images = some_images(counts=(6, 0, 6, 6, 6, 6, 5))
    features = write(tmp_path / "f.h5", images, layout)
    train_codebook(features, tmp_path / "c.h5", size=8, num_features=4, iterations=3, seed=1, attributes={"recipe": ""})
    options = {"num_features": 5, "database_assignments": 1, "binary": True, "attributes": {"recipe": ""}}
    aggregate_chunk(features, tmp_path / "c.h5", tmp_path / "a.h5", **options)
    content = read_aggregated(tmp_path / "a.h5")
    assert content.images == (0, 7) and set(content.image_ids) == {0, 2, 3, 4, 5, 6}
    part = Aggregated(content.vectors, content.words, content.image_ids)
    InvertedFile.build([part], 8, n_images=7).save(tmp_path / "index")
    chosen = [image for image in images if len(image)]
    queries = write(tmp_path / "q.h5", chosen, layout)
    search_indexes(
        [tmp_path / "index"], tmp_path / "c.h5", queries, [f"d{i}" for i in range(7)], tmp_path / "r.h5",
        num_features=5, query_assignments=1, binary=True, alpha=3.0, threshold=0.0, topk=None,
        attributes={"recipe": ""},
    )  # fmt: skip
    assert read_ranking(tmp_path / "r.h5").lists[ALL].ranks[:, 0].tolist() == [0, 2, 3, 4, 5, 6]


def test_dense_and_ragged_give_the_same_codebook_and_aggregates(tmp_path):
    images = some_images(counts=(6, 0, 6, 6, 3, 6))
    images = [LocalFeatures(**{**vars(f), "descriptors": f.descriptors.astype("f2").astype("f4")}) for f in images]
    content = []
    for layout in ("dense", "ragged"):
        features = write(tmp_path / f"{layout}.h5", images, layout)
        codebook, output = tmp_path / f"{layout}_c.h5", tmp_path / f"{layout}_a.h5"
        train_codebook(features, codebook, size=6, num_features=4, iterations=3, seed=1, attributes={"recipe": ""})
        aggregate_chunk(
            features, codebook, output, num_features=5, database_assignments=2, binary=True, attributes={"recipe": ""}
        )
        content.append(read_aggregated(output))
    for key in ("vectors", "words", "image_ids"):
        assert np.array_equal(getattr(content[0], key), getattr(content[1], key))


def test_asmk_says_what_is_missing(tmp_path):
    features = write(tmp_path / "f.h5", some_images())
    train_codebook(features, tmp_path / "c.h5", size=4, num_features=9, iterations=1, seed=1, attributes={"recipe": ""})
    (image,) = some_images(counts=(2,))
    other = LocalFeatures(**{**vars(image), "descriptors": image.descriptors[:, :8], "global_descriptors": {}})
    with feature_writer(tmp_path / "o.h5", 8, {}) as writer:
        writer.append("a", other)
    options = {"num_features": 5, "database_assignments": 1, "binary": True, "attributes": {"recipe": ""}}
    with pytest.raises(DataError, match=r"o\.h5: .*needs local descriptors of 16 dimensions, .*has .* of 8 dim"):
        aggregate_chunk(tmp_path / "o.h5", tmp_path / "c.h5", tmp_path / "a.h5", **options)


@pytest.mark.parametrize("layout", ["dense", "ragged"])
def test_neighbors_take_global_descriptors_of_any_layout(tmp_path, layout):
    """The way of HOW as a global descriptor."""
    images = some_images()
    path = write(tmp_path / "x.h5", images, layout)
    options = {"count": None, "exclude_self": False, "device": "cpu"}
    find_neighbors(None, [path], tmp_path / "n.pkl", descriptor="cls", **options)
    vectors = np.stack([features.global_descriptors["cls"] for features in images])
    expected = np.argsort(-(vectors @ vectors.T), axis=1, kind="stable")
    assert np.array_equal(read_neighbors(tmp_path / "n.pkl", num_queries=6, num_images=6).ranks, expected)
    with pytest.raises(DataError, match=r"x\.h5: the search .* needs global descriptors 'global', .*has .*'cls'"):
        find_neighbors(None, [path], tmp_path / "n.pkl", descriptor="global", **options)


@pytest.mark.parametrize("layout", ["dense", "ragged"])
def test_an_image_that_was_skipped_is_ranked_last_in_a_global_search(tmp_path, layout):
    """Wherever the query points: the search, its ranking, and query expansion after it."""
    vectors = np.array([[1, 0], [0, 1], [-1, 0]], np.float32)
    arrays = [np.ones((1, DIM)), np.ones(1), np.zeros((1, 2)), np.ones(1)]
    local = [array.astype(np.float32) for array in arrays]
    names = {"d": ["a", "broken", "b", "c"], "q": ["q"]}
    for split, listed in names.items():
        options = {"layout": layout, "global_dims": {"cls": 2}}
        dense = {"names": listed, "num_features": 1} if layout == "dense" else {}
        with feature_writer(tmp_path / f"{split}.h5", DIM, {}, **options, **dense) as writer:
            kept = iter(vectors)
            for name in listed:
                if name == "broken":
                    writer.skip(name)
                else:
                    writer.append(name, LocalFeatures(*local, global_descriptors={"cls": next(kept)}))
    queries, database = tmp_path / "q.h5", tmp_path / "d.h5"
    options = {"descriptor": "cls", "count": None, "exclude_self": False, "device": "cpu"}
    find_neighbors(queries, [database], tmp_path / "n.pkl", **options)
    rank_neighbors(tmp_path / "n.pkl", tmp_path / "ranking.h5", names["q"], names["d"], [], {})
    ranking = read_ranking(tmp_path / "ranking.h5")
    assert ranking.of("q") == [("a", 1.0), ("b", 0.0), ("c", -1.0), ("broken", -np.inf)]
    skipped = np.array([False, True, False, False])
    again = expanded(
        ranking.lists["all"], vectors[:1], np.insert(vectors, 1, 0, axis=0), images=4, alpha=0.0, skipped=skipped
    )
    assert again.ranks[0, 3] == 1 and np.isneginf(again.scores[0, 3]) and (again.scores[0, :3] > -1).all()


def test_ames_takes_ragged_features_with_lists_of_its_size(tmp_path):
    """The way of RootSIFT + AMES: tokens of the strongest features of each image."""
    images = some_images()
    torch.manual_seed(0)
    network = AMES(DIM)
    torch.save({"state": network.state_dict()}, tmp_path / "ames.pt")
    for layout in ("ragged", "dense"):
        path = write(tmp_path / f"{layout}.h5", images, layout)
        project_tokens(path, tmp_path / "ames.pt", tmp_path / f"{layout}_t.h5", role="database", num_descriptors=4)
        tokens, counts = TokenFile(tmp_path / f"{layout}_t.h5").read(np.arange(6))
        assert counts.tolist() == [4, 0, 3, 4, 2, 4] and tokens.shape == (6, 4, 128)
        with torch.inference_mode():
            expected = network.project_database(torch.from_numpy(images[0].descriptors[None, :4]))
        np.testing.assert_allclose(tokens[0], expected[0], atol=2e-3 if layout == "ragged" else 1e-2)
    torch.save({"state": AMES(8).state_dict()}, tmp_path / "other.pt")
    with pytest.raises(DataError, match=r"ragged\.h5: descriptors have 16 dimensions, and this network takes 8"):
        project_tokens(tmp_path / "ragged.h5", tmp_path / "other.pt", tmp_path / "t.h5", role="database")
