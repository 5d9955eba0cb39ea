"""A fixture site on disk: written afresh, every file once, never two files with the same bytes."""

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path

from origins import OWN, Origin, listing

SITES = Path(__file__).resolve().parents[1]


def short_hash(data: bytes) -> str:
    """Eight hex digits for a hashed file name."""
    return hashlib.sha256(data).hexdigest()[:8]


def integrity(data: bytes) -> str:
    """The value of an `integrity` attribute."""
    return "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()


class SiteFolder:
    """Collects the files of one site; `done` replaces the folder only when all were made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.files: dict[str, bytes] = {}
        self.origins: dict[str, Origin] = {}

    def write(self, path: str, data: bytes | str, origin: Origin = OWN) -> None:
        """Adds a file and where it is from; the same path twice must mean the same bytes."""
        self.origins[path] = origin
        data = data.encode() if isinstance(data, str) else data
        if self.files.setdefault(path, data) != data:
            raise ValueError(f"{path} written twice with different bytes")

    def write_site(self, site: dict) -> None:
        """Adds site.json, what the test origin reads: one line for each host and header rule."""
        line = lambda value: json.dumps(value, ensure_ascii=False)
        hosts = ",\n".join(f"    {line(name)}: {line(host)}" for name, host in site["hosts"].items())
        headers = ",\n".join(f"    {line(rule)}" for rule in site["headers"])
        text = f'{{\n  "page": {line(site["page"])},\n  "hosts": {{\n{hosts}\n  }},\n  "headers": [\n{headers}\n  ]\n}}\n'
        assert json.loads(text) == site
        self.write("site.json", text)

    def done(self) -> None:
        """Checks that every body is unlike every other, and writes the folder."""
        seen: dict[bytes, str] = {}
        for path, data in self.files.items():
            if data in seen:
                raise ValueError(f"{path} has the bytes of {seen[data]}")
            seen[data] = path
        self.files["LICENSES.md"] = listing(self.name, self.origins).encode()
        target = SITES / self.name
        shutil.rmtree(target, ignore_errors=True)
        for path, data in sorted(self.files.items()):
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


def hashed(name: str, data: bytes) -> str:
    """`chart.js` as `chart.1a2b3c4d.js`."""
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{short_hash(data)}.{ending}"


def fill(text: str, values: dict[str, str], keep: bool = False) -> str:
    """Replaces each `{{name}}`; an unknown name is an error, or stays when `keep` is set."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values and not keep:
            raise KeyError(match[1])
        return values.get(match[1], match[0])

    return re.sub(r"\{\{([\w:.-]+)\}\}", value, text)
