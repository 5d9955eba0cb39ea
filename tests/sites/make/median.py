"""Writes tests/sites/median: a home page with the byte mix of the median desktop home page."""

import io
from pathlib import Path

from PIL import Image, ImageDraw

import median_text
from icons import favicon
from origins import OWN as MADE_HERE, Origin, package, photograph
from pictures import Crop, cut, encode_to_size, sources_folder
from site_folder import SiteFolder, fill, hashed, integrity

HERE = Path(__file__).resolve().parent
KIB = 1024
OWN, STATIC, ASSETS = "www", "static", "assets"
ORIGIN = {OWN: "", STATIC: "https://static.median-cdn.net", ASSETS: "https://assets.median-host.net"}

# Name on the page: host, folder, file in an npm package.
PACKAGED = {
    "jquery.js": (OWN, "js", "jquery/dist/jquery.min.js"),
    "preact.mjs": (OWN, "js", "preact/dist/preact.mjs"),
    "lodash.js": (STATIC, "js", "lodash/lodash.min.js"),
    "dayjs.js": (STATIC, "js", "dayjs/dayjs.min.js"),
    "chart.js": (STATIC, "js", "chart.js/dist/chart.umd.min.js"),
    "alpine.js": (STATIC, "js", "alpinejs/dist/cdn.min.js"),
    "d3.js": (ASSETS, "js", "d3/dist/d3.min.js"),
    "grid.css": (STATIC, "css", "bootstrap/dist/css/bootstrap-grid.min.css"),
    "tokens.css": (ASSETS, "css", "@shoelace-style/shoelace/dist/themes/light.css"),
    "solar-panel.svg": (OWN, "img", "lucide-static/icons/solar-panel.svg"),
    "battery-charging.svg": (OWN, "img", "lucide-static/icons/battery-charging.svg"),
    "users.svg": (OWN, "img", "lucide-static/icons/users.svg"),
    "leaf.svg": (OWN, "img", "lucide-static/icons/leaf.svg"),
    **{f"inter-{w}.woff2": (STATIC, "fonts", f"@fontsource/inter/files/inter-latin-{w}-normal.woff2") for w in (400, 500, 600, 700)},
    **{f"newsreader-{w}.woff2": (STATIC, "fonts", f"@fontsource/newsreader/files/newsreader-latin-{w}-normal.woff2") for w in (400, 600)},
}

# Name on the page: host, crop, pixels, kibibytes. The sizes are the percentiles of the median page.
PHOTOGRAPHS = {
    "hero.jpg": (OWN, Crop("boston", 0.5, 0.5), (1600, 700), 262),
    "news-6.webp": (ASSETS, Crop("road", 0.55, 0.5), (1200, 750), 232),
    "bg-quote.jpg": (OWN, Crop("tea", 0.5, 0.55), (1600, 600), 183),
    "news-3.jpg": (STATIC, Crop("tea", 0.35, 0.65, 1.6), (800, 500), 120),
    "bg-join.jpg": (STATIC, Crop("sea", 0.5, 0.6), (1440, 600), 75),
    "news-4.jpg": (STATIC, Crop("otters", 0.45, 0.45, 1.2), (600, 375), 48),
    "step-roof.jpg": (ASSETS, Crop("spiral", 0.3, 0.4, 1.4), (480, 288), 38),
    "news-1.jpg": (STATIC, Crop("brushes", 0.5, 0.5), (480, 300), 30),
    "step-meter.jpg": (ASSETS, Crop("casa", 0.5, 0.5), (400, 240), 22),
    "news-2.jpg": (STATIC, Crop("lake", 0.5, 0.65, 1.3), (400, 250), 16),
    "step-light.jpg": (ASSETS, Crop("trestle", 0.5, 0.6), (400, 240), 7.4),
    "news-5.jpg": (STATIC, Crop("arena", 0.35, 0.5), (300, 188), 8),
    "roofs-aside.webp": (ASSETS, Crop("singapore", 0.6, 0.75, 1.3), (380, 250), 11),
    "member-1.webp": (OWN, Crop("heron", 0.51, 0.34, 3.2), (112, 112), 4.6),
    "member-2.webp": (OWN, Crop("cat", 0.45, 0.5), (112, 112), 5.2),
    "member-3.webp": (OWN, Crop("osprey", 0.41, 0.27, 3.2), (112, 112), 5.0),
}

LOGO = """<svg xmlns="http://www.w3.org/2000/svg" width="164" height="36" viewBox="0 0 164 36" role="img" aria-label="Commonwatt">
<rect width="36" height="36" rx="9" fill="#0f5c4c"/>
<g fill="#f4efe4"><rect x="8" y="20" width="5.4" height="9" rx="1.5"/><rect x="15.3" y="9" width="5.4" height="20" rx="1.5"/><rect x="22.6" y="15" width="5.4" height="14" rx="1.5"/></g>
<circle cx="28" cy="8" r="3" fill="#e3a33b"/>
<g fill="none" stroke="#16332b" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">
<path d="M55 14.6a5.6 5.6 0 1 0 0 8.8"/><circle cx="63.4" cy="19.4" r="4.4"/>
<path d="M72 24v-9m0 3.2q1.2-3.2 3.8-3.2t2.8 3.2V24m0-5.8q1.2-3.2 3.8-3.2t2.8 3.2V24"/><path d="M89.2 24v-9m0 3.200q1.2-3.2 3.8-3.200t2.8 3.200V24m0-5.800q1.2-3.2 3.8-3.200t2.8 3.200V24"/>
<circle cx="110" cy="19.4" r="4.4"/><path d="M118.6 24v-9m0 3.200q1.2-3.2 4-3.200t3 3.200V24"/>
<path d="M129 15l2.6 9 3-9 3 9 2.6-9"/><circle cx="147" cy="19.4" r="4"/><path d="M151 15v9"/><path d="M155.5 11.500v10q0 2.5 2 2.500m-4-9h4M161 11.500v10q0 2.5 2 2.500m-4-9h4"/>
</g></svg>
"""


def battery_png() -> bytes:
    """The charge of one battery over a day, as a small flat PNG."""
    charge = [31, 26, 22, 18, 15, 14, 17, 26, 39, 53, 67, 79, 89, 96, 99, 98, 94, 85, 73, 62, 53, 46, 40, 35]
    n = 4
    image = Image.new("RGB", (360 * n, 190 * n), "#ffffff")
    draw = ImageDraw.Draw(image)
    x = lambda hour: round(hour * 360 * n / 23)
    y = lambda percent: round((180 - percent * 1.65) * n)
    for line in (0, 25, 50, 75, 100):
        draw.line((0, y(line), 360 * n, y(line)), fill="#d9e5df", width=n)
    points = [(x(hour), y(percent)) for hour, percent in enumerate(charge)]
    draw.polygon([(0, y(0)), *points, (360 * n, y(0))], fill="#cfe3da")
    draw.line(points, fill="#0f7a5f", width=3 * n, joint="curve")
    return flat_png(image, n)


def quarters_png() -> bytes:
    """The five quarters as bars."""
    n = 4
    image = Image.new("RGB", (250 * n, 190 * n), "#ffffff")
    draw = ImageDraw.Draw(image)
    for i, (roofs, colour) in enumerate(((1204, "#0f5c4c"), (988, "#0f7a5f"), (861, "#4f9a86"), (702, "#7fb3a3"), (457, "#e3a33b"))):
        top = (8 + i * 36) * n
        draw.rounded_rectangle((0, top, round(roofs / 1204 * 249 * n), top + 26 * n), 5 * n, fill=colour)
    return flat_png(image, n)


def flat_png(image: Image.Image, n: int) -> bytes:
    """The drawing scaled down by `n`, with 64 colours."""
    small = image.resize((image.width // n, image.height // n), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


class Assets:
    """Files under hashed names, and the values that the page's placeholders take."""

    def __init__(self, folder: SiteFolder) -> None:
        self.folder = folder
        self.values: dict[str, str] = {}

    def add(self, name: str, host: str, where: str, data: bytes, origin: Origin = MADE_HERE) -> None:
        """Writes the file; from now on {{name}} is its URL and {{integrity:name}} its digest."""
        path = f"{where}/{hashed(name, data)}"
        self.folder.write(f"{host}/{path}", data, origin)
        self.values[name] = f"{ORIGIN[host]}/{path}"
        self.values[f"integrity:{name}"] = integrity(data)

    def own(self, name: str, where: str) -> None:
        """Adds a file written for this page, its placeholders filled."""
        source = (HERE / "median" / name).read_text(encoding="utf-8")
        self.add(name, OWN, where, fill(source, self.values).encode())


def write() -> None:
    """Replaces the folder of the site."""
    folder = SiteFolder("median")
    assets = Assets(folder)
    for name, (host, where, file) in PACKAGED.items():
        assets.add(name, host, where, (sources_folder() / "npm" / file).read_bytes(), package(file))
    for name, (host, crop, size, kib) in PHOTOGRAPHS.items():
        data = encode_to_size(cut(crop, *size), name.rpartition(".")[2], round(kib * KIB))
        assets.add(name, host, "img", data, photograph(crop.source))
    assets.add("logo.svg", OWN, "img", LOGO.encode())
    assets.add("battery.png", OWN, "img", battery_png())
    assets.add("quarters.png", OWN, "img", quarters_png())
    assets.own("charts.js", "js")
    assets.own("roofs.js", "js")
    assets.own("site.css", "css")
    folder.write("www/icon.png", favicon("median"))
    page = (HERE / "median" / "index.html").read_text(encoding="utf-8")
    folder.write("www/index.html", fill(fill(page, {**median_text.blocks(), **assets.values}, keep=True), assets.values))
    folder.write_site(site())
    folder.done()


def site() -> dict:
    """Hosts and headers: a year for hashed names, a day for the images at the assets host."""
    immutable = {"cache-control": "public, max-age=31536000, immutable"}
    compressed = {"vary": "accept-encoding"}
    return {
        "page": "https://www.median-demo.com/",
        "hosts": {
            "www.median-demo.com": {"root": OWN, "protocol": "h2"},
            "static.median-cdn.net": {"root": STATIC, "protocol": "h2"},
            "assets.median-host.net": {"root": ASSETS, "protocol": "h1"},
        },
        "headers": [
            {"host": "www.median-demo.com", "path": "/", "set": {"cache-control": "no-cache", **compressed}},
            {"host": "*", "path": "/js/*", "set": {**immutable, **compressed}},
            {"host": "*", "path": "/css/*", "set": {**immutable, **compressed}},
            {"host": "*", "path": "/fonts/*", "set": immutable},
            {"host": "*", "path": "/img/*", "set": immutable},
            {"host": "*", "path": "*.svg", "set": compressed},
            {"host": "*", "path": "/icon.png", "set": {"cache-control": "public, max-age=86400"}},
            {"host": "assets.median-host.net", "path": "/img/*", "set": {"cache-control": "public, max-age=86400"}},
            {"host": "static.median-cdn.net", "path": "/*", "set": {"access-control-allow-origin": "*"}},
        ],
    }


if __name__ == "__main__":
    write()
