"""Settings of the search of bags of visual words."""

from pydantic import Field

from reprise.storage.settings import Count, Settings


class BowSettings(Settings):
    """The search of bags of visual words with tf-idf weights (Sivic and Zisserman, ICCV 2003)."""

    query_assignments: Count = Field(1, description="visual words per descriptor of a query")
    topk: Count | None = Field(None, description="length of the rankings; null keeps all images")
