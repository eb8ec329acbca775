"""Names of entries, as settings hold them."""

from typing import Annotated

from reprise.storage.references import Refers

Extractor = Annotated[str, Refers("extractors")]
Dataset = Annotated[str, Refers("datasets")]
Searched = Annotated[str, Refers("datasets", "enlarged")]
Source = Annotated[str, Refers("sources")]
Experiment = Annotated[str, Refers("experiments")]
