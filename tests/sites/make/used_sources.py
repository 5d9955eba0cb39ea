"""Prints the sources that the sites use, one path a line: what `sources.sha256` pins."""

from pathlib import Path

from median import PACKAGED
from pictures import SOURCES
from textbook import PACKAGED as TEXTBOOK_PACKAGED


def used() -> list[str]:
    """Paths below the folder that `fetch.sh` fills, sorted."""
    packaged = [file for _, _, file in PACKAGED.values()] + list(TEXTBOOK_PACKAGED.values())
    return sorted({source.file for source in SOURCES.values()} | {str(Path("npm") / file) for file in packaged})


if __name__ == "__main__":
    print("\n".join(used()))
