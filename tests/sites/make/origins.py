"""Where a file of a fixture site is from, and its licence: each site lists them in its LICENSES.md."""

import json
from dataclasses import dataclass

from pictures import SOURCES, sources_folder


@dataclass(frozen=True)
class Origin:
    """What a file was made from, by whom, and under which licence it is."""

    what: str
    author: str
    licence: str


OWN = Origin("written for this project", "the Slipstream contributors", "MIT OR Apache-2.0")

# Authors as the licence files of the packages name them.
AUTHORS = {
    "@fontsource/inter": "The Inter Project Authors",
    "@fontsource/newsreader": "The Newsreader Project Authors",
    "@fontsource/source-serif-4": "Adobe Systems Incorporated",
    "@shoelace-style/shoelace": "A Beautiful Site, LLC",
    "alpinejs": "Caleb Porzio; in it @vue/reactivity by Yuxi (Evan) You",
    "bootstrap": "The Bootstrap Authors",
    "chart.js": "Chart.js Contributors",
    "d3": "Mike Bostock",
    "dayjs": "iamkun",
    "jquery": "OpenJS Foundation and other contributors",
    "katex": "Khan Academy and other contributors",
    "lodash": "OpenJS Foundation and other contributors",
    "lucide-static": "Lucide Icons and Contributors",
    "preact": "Jason Miller",
}


def photograph(source: str) -> Origin:
    """A crop of the photograph named `source`."""
    s = SOURCES[source]
    name = s.file.partition("/")[2]
    return Origin(f"crop of {name}, {s.package}", s.author, s.licence)


def package(file: str, changed: str = "") -> Origin:
    """A file of an npm package, `file` below the folder of packages; `changed` says how, if at all."""
    parts = file.split("/")
    name = "/".join(parts[:2]) if file.startswith("@") else parts[0]
    about = json.loads((sources_folder() / "npm" / name / "package.json").read_text(encoding="utf-8"))
    inner = file[len(name) + 1 :]
    if name == "katex" and inner.endswith(".woff2"):  # says the font itself; the package is MIT
        return Origin(f"{inner}, {name} {about['version']} (npm)", "Design Science, Inc.; Khan Academy", "OFL-1.1")
    return Origin(f"{inner}, {name} {about['version']} (npm){changed}", AUTHORS[name], about["license"])


def listing(site: str, origins: dict[str, Origin]) -> str:
    """LICENSES.md of a site: one row for each file."""
    rows = "\n".join(f"| {path} | {o.what} | {o.author} | {o.licence} |" for path, o in sorted(origins.items()))
    return (
        f"# Licences of every file in `{site}`\n\n"
        "Photographs are cropped, scaled and encoded anew. The texts of the licences are in `../LICENSES.md`.\n"
        f"This file is written by `../make/{site}.py`.\n\n"
        f"| file | from | author | licence |\n|---|---|---|---|\n{rows}\n"
    )
