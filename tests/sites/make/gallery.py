"""Writes tests/sites/gallery: a magazine of sixty photographs, in every way a page can ask for one."""

from html import escape

from gallery_pictures import BACKGROUNDS, CARDS, CONTACT, ESSAY, FEATURE, HERO, NOTES, PANORAMA, PORTFOLIO, PRINTS
from icons import favicon
from origins import photograph
from pictures import SOURCES, cut, encode
from site_folder import SiteFolder

CDN = "https://img.cdn-demo.net"
QUALITY = {"jpg": 87, "webp": 89, "avif": 77, "png": 0}
BACKGROUND_QUALITY = 72
WIDTHS = (0.75, 1.5, 2.0)  # of the picture as shown; a screen of density 1 takes the second
DENSE = (1.5, 2.0)  # pixels of the file at 1x and 2x for one CSS pixel

EVENTS = """<script>
  window.__events = [];
  for (const kind of ["load", "error"]) {
    document.addEventListener(kind, ({ target }) => {
      if (target instanceof HTMLImageElement)
        window.__events.push(kind + ":" + new URL(target.src, location).pathname);
    }, true);
  }
</script>"""

HEADERS = [
    {"host": "www.gallery-demo.com", "path": "/", "set": {"cache-control": "no-cache"}},
    {"host": "*", "path": "*.css", "set": {"cache-control": "public, max-age=86400", "vary": "accept-encoding"}},
    {"host": "www.gallery-demo.com", "path": "/img/*", "set": {"cache-control": "public, max-age=31536000, immutable"}},
    {"host": "www.gallery-demo.com", "path": "/icon.png", "set": {"cache-control": "public, max-age=86400"}},
    {"host": "img.cdn-demo.net", "path": "/*", "set": {"cache-control": "public, max-age=31536000, immutable"}},
    {"host": "img.cdn-demo.net", "path": "/open/*", "set": {"access-control-allow-origin": "*"}},
]


class Gallery:
    """Encodes a picture when the page first mentions it."""

    def __init__(self, folder: SiteFolder) -> None:
        self.folder = folder

    def file(self, p, kind: str, width: int, height: int, suffix: str = "", crop=None) -> str:
        """Writes one encoded picture; its URL as the page writes it."""
        name = f"{p.name}{suffix}.{kind}"
        origin = photograph(p.crop.source)
        data = encode(self.image(p, width, height, crop), kind, p.quality or QUALITY[kind])
        if p.host:
            self.folder.write(f"cdn-a/{p.host}/{name}", data, origin)
            return f"{CDN}/{p.host}/{name}"
        self.folder.write(f"www/img/{name}", data, origin)
        return f"/img/{name}"

    def image(self, p, width: int, height: int, crop=None):
        """The pixels of a picture; grey where the picture says so."""
        image = cut(crop or p.crop, width, height)
        return image.convert("L") if p.grey else image

    def img(self, p, w: int, h: int) -> str:
        """The element for picture `p`, shown at `w` × `h` CSS pixels on a wide screen."""
        size = f'width="{w}" height="{h}"'
        lazy = ' loading="lazy"' if p.lazy else ""
        cors = ' crossorigin="anonymous"' if p.cors else ""
        tail = f'{size}{lazy}{cors} alt="{escape(p.alt)}"'
        if p.how == "plain":
            return f'<img src="{self.file(p, p.kind, round(w * p.scale), round(h * p.scale))}" {tail}>'
        if p.how == "density":
            one = self.file(p, "jpg", round(w * DENSE[0]), round(h * DENSE[0]))
            two = self.file(p, "jpg", round(w * DENSE[1]), round(h * DENSE[1]), "@2x")
            return f'<img src="{one}" srcset="{one} 1x, {two} 2x" {tail}>'
        if p.how == "widths":
            urls = {f: self.file(p, "jpg", round(w * f), round(h * f), f"-{round(w * f)}") for f in WIDTHS}
            srcset = ", ".join(f"{url} {round(w * f)}w" for f, url in urls.items())
            return f'<img src="{urls[WIDTHS[1]]}" srcset="{srcset}" sizes="(max-width: 760px) 100vw, {w}px" {tail}>'
        if p.how == "media":
            tall = self.file(p, "jpg", 640, 800, "-tall", p.tall)
            wide = self.file(p, "jpg", w, h, "-wide")
            return f'<picture><source media="(max-width: 760px)" srcset="{tall}" width="640" height="800"><img src="{wide}" {tail}></picture>'
        kinds = ("avif", "webp") if p.how == "types" else ("webp",)
        sw, sh = round(w * p.scale), round(h * p.scale)
        sources = "".join(f'<source type="image/{k}" srcset="{self.file(p, k, sw, sh)}">' for k in kinds)
        return f'<picture>{sources}<img src="{self.file(p, "jpg", sw, sh)}" {tail}></picture>'

    def figure(self, p, w: int, h: int) -> str:
        """The picture with its caption."""
        return f"<figure>{self.img(p, w, h)}<figcaption>{p.caption}</figcaption></figure>"

    def card(self, p, w: int, h: int) -> str:
        """The picture as a story: kicker, title, one sentence."""
        return f'<article><a href="#">{self.img(p, w, h)}</a><p class="kicker">{p.kicker}</p><h3>{p.title}</h3><p>{p.caption}</p></article>'


def credits() -> str:
    """The names that the licences ask for, and the others too."""
    by_licence: dict[str, set[str]] = {}
    for source in SOURCES.values():
        by_licence.setdefault(source.licence, set()).add(source.author)
    parts = [f"{licence}: {', '.join(sorted(authors))}" for licence, authors in sorted(by_licence.items())]
    return "Photographs, cropped and scaled, under " + "; ".join(parts) + "."


def page(g: Gallery) -> str:
    """The whole document."""
    many = lambda pictures, w, h, form: "\n".join(form(p, w, h) for p in pictures)
    tiles = "\n".join(
        f'<a class="tile {b.name}" href="#"><span>{b.title}</span><small>{b.caption}</small></a>' for b in BACKGROUNDS[1:4]
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Slow Light: a magazine of photographs</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="Sixty photographs of water, stone, birds and city nights.">
<link rel="icon" href="/icon.png" type="image/png" sizes="32x32">
<link rel="stylesheet" href="/style.css">
{EVENTS}
</head>
<body>
<header class="masthead">
<p class="name"><a href="/">Slow Light</a></p>
<nav aria-label="Sections"><a href="#stories">Stories</a><a href="#feature">Feature</a><a href="#sheet">Contact sheet</a><a href="#essay">Essay</a><a href="#notes">Field notes</a><a href="#prints">Prints</a></nav>
<p class="issue">Issue 14 · Autumn</p>
</header>
<main>
<section class="hero">
{g.img(HERO, 1280, 500)}
<div class="title"><p class="kicker">The water issue</p><h1>A lake before the wind gets up</h1><p>Ten minutes after sunrise the mountains stand twice. Then somebody throws a stone.</p></div>
</section>
<section id="stories"><h2>This week</h2><div class="three">
{many(CARDS, 400, 267, g.card)}
</div></section>
<section id="feature"><h2>From above</h2><div class="feature">
{g.figure(FEATURE[0], 820, 554)}
<div class="stack">
{many(FEATURE[1:], 400, 250, g.figure)}
</div></div></section>
<section id="sheet"><h2>Contact sheet</h2><div class="sheet">
{many(CONTACT, 148, 148, g.img)}
</div></section>
<section class="quote"><blockquote>“You wait for an hour, and then the sea does it in a second.”</blockquote><p>From a letter to the editors</p></section>
<section id="essay"><h2>Stone, steel and light</h2><div class="four">
{many(ESSAY, 295, 420, g.figure)}
</div></section>
<section class="panorama">{g.figure(PANORAMA, 1240, 440)}</section>
<section id="notes"><h2>Field notes</h2><div class="two">
{many(NOTES, 610, 407, g.figure)}
</div></section>
<section><h2>Three long walks</h2><div class="three">
{tiles}
</div></section>
<section id="prints"><h2>Prints</h2><div class="three">
{many(PRINTS, 400, 500, g.figure)}
</div></section>
<section><h2>Readers’ portfolio</h2><div class="three">
{many(PORTFOLIO, 400, 267, g.figure)}
</div></section>
</main>
<footer><div><p class="name">Slow Light</p><p>Four issues a year, on paper and here.</p><p class="credits">{credits()}</p></div></footer>
</body>
</html>
"""


STYLE = """:root { --ink: #1b1d1f; --soft: #6a6f73; --line: #dcdad4; --paper: #fbfaf7; --accent: #a6431f; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 Georgia, "Liberation Serif", serif; }
a { color: inherit; text-decoration: none; }
img { display: block; max-width: 100%; height: auto; }
h1, h2, h3, p, figure, blockquote { margin: 0; }
main > section { max-width: 1240px; margin: 0 auto; }
main > section + section { margin-top: 48px; }
h2 { margin-bottom: 18px; padding-top: 12px; border-top: 2px solid var(--ink); font-size: 26px; font-weight: normal; line-height: 34px; }
h3 { font-size: 22px; line-height: 28px; font-weight: normal; }
.kicker, nav, .issue, figcaption, .quote p, .tile small { font-family: "Helvetica Neue", Arial, "Liberation Sans", sans-serif; }
.kicker { color: var(--accent); font-size: 12px; letter-spacing: .12em; text-transform: uppercase; }
figcaption { margin-top: 8px; color: var(--soft); font-size: 13px; line-height: 18px; }
.masthead { display: flex; align-items: baseline; justify-content: space-between; max-width: 1240px; height: 76px; margin: 0 auto; padding-top: 18px; }
.name { font-size: 34px; line-height: 40px; letter-spacing: -.01em; }
nav a { margin: 0 12px; font-size: 14px; }
.issue { color: var(--soft); font-size: 13px; }
main > .hero { position: relative; max-width: none; background: #20303d; }
.hero img { width: 100%; height: 500px; object-fit: cover; }
.hero .title { position: absolute; inset: auto 0 0; padding: 120px max(20px, calc(50% - 620px)) 36px; color: #fff; background: linear-gradient(transparent, rgb(0 0 0 / .66)); }
.hero .kicker { color: #ffd9a8; }
h1 { max-width: 720px; font-size: 54px; font-weight: normal; line-height: 60px; letter-spacing: -.015em; }
.hero .title p:last-child { margin-top: 8px; max-width: 620px; font-size: 18px; }
.three { display: grid; grid-template-columns: repeat(3, 1fr); gap: 28px 20px; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 28px 20px; }
.four { display: grid; grid-template-columns: repeat(4, 1fr); gap: 20px; }
.feature { display: grid; grid-template-columns: 820px 1fr; gap: 20px; }
.stack { display: grid; gap: 20px; align-content: start; }
.sheet { display: grid; grid-template-columns: repeat(8, 1fr); gap: 8px; padding: 8px; margin: 0 -8px; background: #1b1d1f; }
article .kicker { margin-top: 12px; }
article p:last-child { margin-top: 4px; color: var(--soft); }
main > .quote { max-width: none; padding: 110px 20px; color: #fff; text-align: center; background: #5b3a33 url(/img/bg-quote.jpg) center / cover; }
.quote blockquote { font-size: 36px; line-height: 46px; text-shadow: 0 1px 12px rgb(0 0 0 / .5); }
.quote p { margin-top: 12px; font-size: 13px; letter-spacing: .08em; }
.tile { display: flex; flex-direction: column; justify-content: end; height: 240px; padding: 20px; color: #fff; background-size: cover; background-position: center; text-shadow: 0 1px 8px rgb(0 0 0 / .8); }
.tile span { font-size: 26px; line-height: 32px; }
.bg-tea { background-image: url(/img/bg-tea.jpg); }
.bg-night { background-image: url(/img/bg-night.jpg); }
.bg-hills { background-image: url(/img/bg-hills.jpg); }
footer { margin-top: 72px; color: #fff; background: linear-gradient(rgb(9 20 30 / .35), rgb(9 20 30 / .8)), #10212a url(/img/bg-foot.jpg) center / cover; }
footer div { max-width: 1240px; margin: 0 auto; padding: 84px 0 40px; }
.credits { max-width: 900px; margin-top: 24px; font: 12px/18px "Helvetica Neue", Arial, "Liberation Sans", sans-serif; opacity: .85; }
@media (max-width: 1279px) { main > section:not(.hero), .masthead, footer div { padding-left: 20px; padding-right: 20px; } .feature { grid-template-columns: 1fr; } .sheet { grid-template-columns: repeat(4, 1fr); margin: 0; } }
@media (max-width: 760px) { .three, .two, .four { grid-template-columns: 1fr; } .hero img { height: 800px; } nav { display: none; } h1 { font-size: 36px; line-height: 42px; } }
"""


def write() -> None:
    """Replaces the folder of the site."""
    folder = SiteFolder("gallery")
    g = Gallery(folder)
    folder.write("www/index.html", page(g))
    folder.write("www/style.css", STYLE)
    folder.write("www/icon.png", favicon("gallery"))
    for b in BACKGROUNDS:
        folder.write(f"www/img/{b.name}.jpg", encode(cut(b.crop, *b.size), "jpg", BACKGROUND_QUALITY), photograph(b.crop.source))
    site = {
        "page": "https://www.gallery-demo.com/",
        "hosts": {
            "www.gallery-demo.com": {"root": "www", "protocol": "h2"},
            "img.cdn-demo.net": {"root": "cdn-a", "protocol": "h1"},
        },
        "headers": HEADERS,
    }
    folder.write_site(site)
    folder.done()


if __name__ == "__main__":
    write()
