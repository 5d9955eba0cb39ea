"""What stands where in the gallery: sixty pictures, their crops, and how the page asks for each."""

from dataclasses import dataclass

from pictures import Crop


@dataclass(frozen=True)
class Picture:
    """One picture of the page.

    `how`: plain, density (srcset with x), widths (srcset with w, and sizes), types (avif, webp, jpeg),
    webp (webp, jpeg) or media (a tall crop for narrow screens). `scale`: pixels of the file for one
    CSS pixel of a wide screen. `host`: the folder at the image CDN, else the page's own host.
    """

    name: str
    crop: Crop
    how: str
    alt: str
    caption: str = ""
    kicker: str = ""
    title: str = ""
    kind: str = "jpg"
    scale: float = 1.0
    host: str = ""
    lazy: bool = False
    cors: bool = False
    grey: bool = False
    quality: int = 0
    tall: Crop | None = None


@dataclass(frozen=True)
class Background:
    """One background of the style sheet, `size` in pixels of the file."""

    name: str
    crop: Crop
    size: tuple[int, int]
    title: str = ""
    caption: str = ""


HERO = Picture("hero-lake", Crop("lake", 0.5, 0.55), "media", "Snow-covered mountains above a still lake", tall=Crop("lake", 0.55, 0.5))

CARDS = [
    Picture("spices", Crop("spices", 0.5, 0.6), "widths", "Bowls of spices in a market", kicker="Portfolio",
            title="A market in one frame", caption="Saffron, rose, indigo and salt: everything on one table, all of it in the sun."),
    Picture("casa-mila", Crop("casa", 0.5, 0.45), "widths", "Looking up through the courtyard of a round house", kicker="Looking up",
            title="The yard with no corners", caption="How one courtyard bends the noon light around four floors of windows."),
    Picture("boston", Crop("boston", 0.55, 0.5), "widths", "Sunset over the roofs of a city", kicker="City",
            title="Golden hour, from the roof", caption="A photographer keeps one appointment every evening for a year."),
]

FEATURE = [
    Picture("road", Crop("road", 0.6, 0.5, 1.1), "types", "A winding road in a forest, from above", lazy=True, scale=1.5,
            caption="A road that takes its time. The drone was up for four minutes; the car was not planned."),
    Picture("sea", Crop("sea", 0.5, 0.6), "types", "Sun low over the waves", lazy=True, scale=1.9, caption="An hour later and eye to eye with the swell."),
    Picture("forest", Crop("forest", 0.5, 0.4), "webp", "A forest from straight above", lazy=True, scale=1.9, caption="The same trees in the cold of the next morning."),
]


def _square(name, crop, alt, host="", lazy=False, kind="jpg", cors=False, scale=2.0):
    return Picture(name, crop, "plain", alt, host=host, lazy=lazy, kind=kind, cors=cors, scale=scale)


CONTACT = [
    _square("coffee", Crop("coffee", 0.45, 0.5, 1.1), "A cup of coffee", "open", True),
    _square("dahlia", Crop("dahlia", 0.45, 0.45, 1.2), "A dahlia", "plain", True),
    _square("cat", Crop("cat", 0.45, 0.5), "A cat", "open", True, cors=True),
    _square("fig", Crop("fig", 0.57, 0.52, 1.5), "Half a fig in a red bowl", "plain", True),
    _square("brushes", Crop("brushes", 0.35, 0.5, 1.2), "Paint brushes", "open", True),
    _square("forget-me-not", Crop("periwinkle", 0.55, 0.62, 2.6), "Small blue flowers", "plain", True),
    _square("seed-head", Crop("dandelion", 0.35, 0.45, 1.9), "A dandelion gone to seed", lazy=True, kind="webp"),
    _square("indigo", Crop("spices", 0.4, 0.17, 3.2), "A bowl of blue lumps", lazy=True, kind="webp"),
    _square("osprey-eye", Crop("osprey", 0.42, 0.27, 2.8), "The head of an osprey", "open"),
    _square("heron-eye", Crop("heron", 0.51, 0.34, 3.2), "The head of a green heron", "plain"),
    _square("arches", Crop("arena", 0.3, 0.42, 1.5), "Arches of an amphitheatre", "open"),
    _square("wing", Crop("anhinga", 0.53, 0.67, 2.2), "The wing of an anhinga", "plain"),
    _square("whiskers", Crop("otters", 0.38, 0.34, 2.6), "An otter", "open", cors=True),
    _square("eaves", Crop("pavilion", 0.4, 0.4), "The eaves of a pavilion", "plain", scale=2.0),
    _square("launch", Crop("rocket", 0.5, 0.5), "A rocket on the pad", kind="webp"),
    _square("petals", Crop("spices", 0.68, 0.8, 3.0), "A bowl of rose petals", kind="webp"),
]

ESSAY = [
    Picture("arena", Crop("arena", 0.3, 0.5), "types", "An amphitheatre against the sky", scale=1.9, caption="I. The wall was the first camera: every arch a frame."),
    Picture("spiral", Crop("spiral", 0.62, 0.5), "types", "White slats in a spiral", scale=1.9, caption="II. A stair that nobody uses except for this."),
    Picture("piazza", Crop("piazza", 0.45, 0.5), "webp", "A tower seen through a round opening", scale=1.9, caption="III. The eye of the square, at noon, in October."),
    Picture("trestle", Crop("trestle", 0.45, 0.55), "types", "A bridge of blue frames at night", scale=1.9, caption="IV. The old mine railway, now a walk through blue."),
]

PANORAMA = Picture("singapore", Crop("singapore", 0.5, 0.52), "plain", "A city at night, mirrored in the water", scale=1.7,
                   caption="The bay, twenty past seven. Thirty seconds at f/11, and nobody moved.")

NOTES = [
    Picture("otters", Crop("otters", 0.5, 0.5, 1.1), "widths", "Two otters on a rock", caption="Otters do not pose. They look at what you should have been looking at."),
    Picture("anhinga", Crop("anhinga", 0.5, 0.5, 1.15), "widths", "An anhinga dries its wings", caption="Anhinga drying its wings: two hours, no hurry."),
    Picture("wren", Crop("wren", 0.48, 0.5, 1.3), "plain", "A canyon wren on a rock", kind="avif", scale=1.5, caption="Canyon wren. You hear it long before."),
    Picture("osprey", Crop("osprey", 0.5, 0.5, 1.25), "widths", "An osprey on a branch", caption="Osprey between two fish."),
    Picture("shrike", Crop("shrike", 0.53, 0.5, 1.4), "plain", "A shrike among bare twigs", kind="webp", scale=1.4, caption="Shrike, keeping accounts."),
    Picture("heron", Crop("heron", 0.55, 0.5, 1.1), "plain", "A green heron above the water", scale=1.6, caption="Green heron. The water was lower than last year."),
]

PRINTS = [
    Picture("print-dandelion", Crop("dandelion", 0.33, 0.5), "density", "Dandelions against the light", caption="Seeding, 40 × 50 cm"),
    Picture("print-tea", Crop("tea", 0.6, 0.5), "density", "Tea fields in the mist", caption="Tea gardens, 40 × 50 cm", quality=76),
    Picture("print-periwinkle", Crop("periwinkle", 0.45, 0.5), "density", "Blue flowers in the dark", caption="Blue hour, 40 × 50 cm"),
    Picture("print-desert", Crop("desert", 0.53, 0.5), "density", "Hikers on the ridge of a dune", caption="Ridge, 40 × 50 cm"),
    Picture("print-wine", Crop("wine", 0.5, 0.55), "density", "A drum before a table with a bottle of wine", caption="Closing time, 40 × 50 cm"),
    Picture("print-slats", Crop("spiral", 0.3, 0.4, 1.5), "plain", "White slats", kind="png", grey=True, caption="Slats, 40 × 50 cm, silver print"),
    Picture("print-dogs", Crop("dogs", 0.5, 0.35, 1.1), "density", "Two dogs look out of a window", caption="Friends, 40 × 50 cm"),
    Picture("print-bay", Crop("singapore", 0.22, 0.5), "plain", "Towers at night", scale=1.9, caption="Bay I, 40 × 50 cm"),
    Picture("print-fig", Crop("fig", 0.6, 0.5), "plain", "A fig in a red bowl", scale=1.9, caption="Fig, 40 × 50 cm"),
]

PORTFOLIO = [
    Picture("autumn", Crop("autumn", 0.5, 0.5), "widths", "Mountains behind an autumn wood", caption="Aitzgorri in November"),
    Picture("picos", Crop("picos", 0.5, 0.5), "widths", "A path below rocky peaks", caption="Picos de Europa, the second day"),
    Picture("summit", Crop("summit", 0.5, 0.5), "widths", "The sun over a summit", caption="The last ten minutes"),
    Picture("stream", Crop("stream", 0.5, 0.5), "widths", "A stream between mossy rocks", caption="Where the map shows nothing"),
    Picture("pavilion", Crop("pavilion", 0.5, 0.5), "plain", "A pavilion above a lake", caption="Summer palace", scale=1.75),
    Picture("saturn", Crop("saturn", 0.5, 0.5, 1.2), "plain", "The planet Saturn", kind="avif", caption="Not taken by a reader", scale=1.9, quality=80),
    Picture("bloom", Crop("dahlia", 0.5, 0.5), "plain", "A dahlia", caption="Dahlia, September", scale=1.75),
    Picture("deep-field", Crop("galaxies", 0.5, 0.5), "plain", "Galaxies in the deep field", caption="Nor this one", scale=1.9),
    Picture("launch-pad", Crop("rocket", 0.5, 0.55), "plain", "A rocket at dusk", kind="avif", caption="T minus eleven hours", scale=1.75, quality=75),
    Picture("mirror", Crop("singapore", 0.6, 0.8, 1.7), "plain", "City lights on the water", caption="Mirror", scale=1.9),
    Picture("oval", Crop("piazza", 0.5, 0.5, 1.1), "plain", "A round opening", kind="png", grey=True, scale=1.25, caption="Oval"),
    Picture("table", Crop("spices", 0.3, 0.35, 1.7), "plain", "A table of spices", caption="The other end of the table", scale=1.9),
]

BACKGROUNDS = [
    Background("bg-quote", Crop("sea", 0.5, 0.62, 1.0), (1280, 400)),
    Background("bg-tea", Crop("tea", 0.4, 0.6, 1.0), (480, 288), "Through the tea", "Three days, 41 km"),
    Background("bg-night", Crop("trestle", 0.5, 0.4, 1.0), (480, 288), "High trestle", "One night, 9 km"),
    Background("bg-hills", Crop("desert", 0.5, 0.5, 1.0), (480, 288), "The empty quarter", "Six days, 118 km"),
    Background("bg-foot", Crop("forest", 0.5, 0.3, 1.3), (1280, 400)),
]
