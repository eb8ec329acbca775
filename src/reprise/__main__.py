"""The command ``reprise``, also as ``python -m reprise``."""

import sys

import reprise
from reprise.extras import MissingExtraError


def main() -> int:
    """Run the command; what is missing of its packages is said in one line, and the version without any of them."""
    if sys.argv[1:] == ["--version"]:
        print(f"reprise {reprise.__version__}")
        return 0
    try:
        from reprise.cli.main import main as command

        return command()
    except MissingExtraError as error:
        print(f"reprise: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
