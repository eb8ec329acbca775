"""REPRoducible Instance SEarch: published image-retrieval systems as one workflow over one library."""

__version__ = "0.1.0"
