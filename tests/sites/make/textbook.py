"""Writes tests/sites/textbook: a chapter with figures and formulas under a strict content security policy."""

import re
from html import escape
from pathlib import Path

from icons import favicon
from origins import package, photograph as photograph_origin
from pictures import SOURCES, Crop, cut, encode, sources_folder
from site_folder import SiteFolder, fill, integrity
from textbook_figures import FIGURES

HERE = Path(__file__).resolve().parent / "textbook"
CDN = "https://cdn.lib-demo.net"
KATEX = "/katex@0.19.1/katex.min.js"
KATEX_FONTS = ("KaTeX_Main-Regular", "KaTeX_Math-Italic")
QUALITY = 82

# File of the site: file in an npm package.
PACKAGED = {
    f"cdn{KATEX}": "katex/dist/katex.min.js",
    "www/css/katex.css": "katex/dist/katex.min.css",
    **{f"www/fonts/{font}.woff2": f"katex/dist/fonts/{font}.woff2" for font in KATEX_FONTS},
    **{
        f"www/fonts/source-serif-4-latin-400-{style}.woff2": f"@fontsource/source-serif-4/files/source-serif-4-latin-400-{style}.woff2"
        for style in ("normal", "italic")
    },
}

PHOTOGRAPHS = {
    "boston": (Crop("boston", 0.5, 0.55), (1080, 600), "Low sun over city roofs"),
    "saturn": (Crop("saturn", 0.5, 0.5, 1.1), (1080, 520), "Saturn and its rings"),
    "lake": (Crop("lake", 0.6, 0.72, 1.25), (1080, 600), "Mountains above a lake"),
    "singapore": (Crop("singapore", 0.6, 0.75, 1.5), (1080, 600), "City lights on water"),
    "coffee": (Crop("coffee", 0.5, 0.5), (720, 440), "A cup of coffee on a table"),
    "galaxies": (Crop("galaxies", 0.5, 0.5), (1080, 600), "Hundreds of galaxies"),
}

DRAWN = {
    "shadow": "A lamp, a ball and the shadow of the ball on a wall",
    "mirror": "A ray is reflected; the two angles to the normal are equal",
    "wavefronts": "Parallel crests turn at the surface of glass",
    "snell": "Curves: angle of refraction against angle of incidence",
    "dispersion": "Curves: refractive index of three glasses against wavelength",
    "lens": "Three rays from an object through a lens to its image",
    "image-distance": "Curves: image distance against object distance",
    "two-sources": "Circles around two points, and the lines where they meet",
    "double-slit": "Curve: fine stripes under a broad envelope",
    "black-body": "Curves: radiation of four bodies against wavelength",
}

POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'self' {CDN}",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)


def katex_style(style: str) -> str:
    """KaTeX's style sheet with only the two fonts that this chapter needs."""
    faces = re.findall(r"@font-face\{[^}]*\}", style)
    for face in faces:
        kept = next((font for font in KATEX_FONTS if f"fonts/{font}.woff2" in face), None)
        only = re.sub(r"src:[^}]*", f'src:url(/fonts/{kept}.woff2) format("woff2")', face) if kept else ""
        style = style.replace(face, only)
    return style


def drawing(match: re.Match[str], size: tuple[int, int]) -> str:
    """A figure with its number and caption."""
    name, number, caption = match.groups()
    w, h = size
    image = f'<img src="/figures/{name}.svg" width="{w}" height="{h}" alt="{escape(DRAWN[name])}">'
    return f'<figure class="drawing">{image}<figcaption><i>Figure {number}.</i> {caption}</figcaption></figure>'


def photograph(match: re.Match[str]) -> str:
    """A photograph with its number and caption."""
    name, number, caption = match.groups()
    _, (w, h), alt = PHOTOGRAPHS[name]
    image = f'<img src="/photos/{name}.jpg" width="{w}" height="{h}" alt="{escape(alt)}">'
    return f'<figure class="photo">{image}<figcaption><i>Figure {number}.</i> {caption}</figcaption></figure>'


def svg_size(svg: bytes) -> tuple[int, int]:
    """Width and height of a figure in whole CSS pixels, from its viewBox in points."""
    w, h = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()
    return round(float(w) * 4 / 3), round(float(h) * 4 / 3)


def write() -> None:
    """Replaces the folder of the site."""
    folder = SiteFolder("textbook")
    figures = {name: draw() for name, draw in FIGURES.items()}
    for name, svg in figures.items():
        folder.write(f"www/figures/{name}.svg", svg)
    for name, (crop, size, _) in PHOTOGRAPHS.items():
        folder.write(f"www/photos/{name}.jpg", encode(cut(crop, *size), "jpg", QUALITY), photograph_origin(crop.source))
    for path, file in PACKAGED.items():
        data = (sources_folder() / "npm" / file).read_bytes()
        if path == "www/css/katex.css":
            folder.write(path, katex_style(data.decode()), package(file, ", without the fonts this chapter does not use"))
        else:
            folder.write(path, data, package(file))
    folder.write("www/css/book.css", (HERE / "book.css").read_bytes())
    folder.write("www/js/chapter.js", (HERE / "chapter.js").read_bytes())
    folder.write("www/icon.png", favicon("textbook"))
    page = (HERE / "index.html").read_text(encoding="utf-8")
    page = re.sub(r"\{\{figure:([\w-]+)\|(\d+)\|([^}]*)\}\}", lambda m: drawing(m, svg_size(figures[m[1]])), page)
    page = re.sub(r"\{\{photo:([\w-]+)\|(\d+)\|([^}]*)\}\}", photograph, page)
    authors = sorted({f"{SOURCES[crop.source].author} ({SOURCES[crop.source].licence})" for crop, _, _ in PHOTOGRAPHS.values()})
    values = {"katex.js": CDN + KATEX, "integrity:katex.js": integrity(folder.files[f"cdn{KATEX}"]), "credits": ", ".join(authors)}
    folder.write("www/index.html", fill(page, values))
    folder.write_site(site())
    folder.done()


def site() -> dict:
    """Hosts and headers; the policy stands on the document only."""
    week = "public, max-age=604800"
    year = "public, max-age=31536000, immutable"
    return {
        "page": "https://www.textbook-demo.org/",
        "hosts": {
            "www.textbook-demo.org": {"root": "www", "protocol": "h2"},
            "cdn.lib-demo.net": {"root": "cdn", "protocol": "h2"},
        },
        "headers": [
            {"host": "www.textbook-demo.org", "path": "/*", "set": {"cache-control": week}},
            {
                "host": "www.textbook-demo.org",
                "path": "/",
                "set": {"cache-control": "no-cache", "vary": "accept-encoding", "content-security-policy": POLICY},
            },
            {"host": "*", "path": "*.css", "set": {"vary": "accept-encoding"}},
            {"host": "*", "path": "*.js", "set": {"vary": "accept-encoding"}},
            {"host": "*", "path": "*.svg", "set": {"vary": "accept-encoding"}},
            {"host": "*", "path": "*.woff2", "set": {"cache-control": year}},
            {"host": "cdn.lib-demo.net", "path": "/*", "set": {"cache-control": year, "access-control-allow-origin": "*"}},
        ],
    }


if __name__ == "__main__":
    write()
