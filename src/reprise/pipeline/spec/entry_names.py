"""Names of entries, as settings hold them."""

from collections.abc import Mapping
from typing import Annotated, Any

from reprise.storage.references import Refers

Extractor = Annotated[str, Refers("extractors")]
Dataset = Annotated[str, Refers("datasets")]
Searched = Annotated[str, Refers("datasets", "enlarged")]
Source = Annotated[str, Refers("sources")]
Experiment = Annotated[str, Refers("experiments")]

# Section -> name -> settings. A key may be None, where a setting names nothing; no entry has this name.
Entries = Mapping[str, Mapping[Any, Any]]
