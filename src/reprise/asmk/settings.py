"""Settings of the kernel."""

from pydantic import Field

from reprise.storage.settings import Count, Settings


class Kernel(Settings):
    """The aggregated selective match kernel (Tolias, Avrithis and Jegou, IJCV 2016)."""

    binary: bool = Field(True, description="binarized aggregated vectors (ASMK*)")
    idf: bool = Field(False, description="weights of words by their inverse document frequency")
    database_assignments: Count = Field(1, description="visual words per descriptor of the database")
    query_assignments: Count = Field(5, description="visual words per descriptor of a query")
    alpha: float = Field(3.0, gt=0, description="exponent of the similarity")
    threshold: float = Field(0.0, ge=-1, le=1, description="smallest similarity that counts")
