"""Settings of Hamming embedding and of its query expansion; the defaults are the published ones for 128 bits."""

from pydantic import Field

from reprise.storage.settings import Count, Settings


class Votes(Settings):
    """What a match of two signatures adds to the score of an image (Tolias and Jegou, Pattern Recognition 2014)."""

    threshold: int = Field(48, ge=0, description="largest Hamming distance of a match, in bits")
    sigma: float = Field(32.0, gt=0, description="a match of Hamming distance h weighs exp(-(h / sigma)^2)")
    idf: bool = Field(True, description="matches also weigh the squared inverse document frequency of their word")
    burst: bool = Field(
        True, description="n matches of one feature with one image count as their sum divided by the root of n"
    )
    normalise: bool = Field(True, description="scores are divided by the root of the summed idf^2 of the image's words")


class Expansion(Settings):
    """Hamming query expansion, HQE (Tolias and Jegou, Pattern Recognition 2014)."""

    shortlist: Count = Field(100, description="first images of the first search that may be reliable")
    strict: int = Field(32, ge=0, description="largest Hamming distance of a strong match, in bits")
    least: Count = Field(5, description="strong matches of a reliable image")
    new_words: float = Field(
        0.5, ge=0, description="alpha: words that are added to the query, as a share of its own different words"
    )


class HammingSettings(Settings):
    """The search with Hamming embedding (Jegou, Douze and Schmid, ECCV 2008; Tolias and Jegou, 2014)."""

    bits: Count = Field(128, multiple_of=64, description="of a signature; not more than dimensions of the descriptors")
    seed: int = Field(0, ge=0, description="of the projection")
    query_assignments: Count = Field(3, description="visual words per descriptor of a query")
    votes: Votes = Field(default_factory=Votes, description="what a match adds to the score of an image")
    expansion: Expansion | None = Field(None, description="Hamming query expansion (HQE); null searches once")
    topk: Count | None = Field(None, description="length of the rankings; null keeps all images")
