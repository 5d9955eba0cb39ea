"""The photographs the fixture sites are cut from, and how a crop becomes a file.

Every source is named with the package it comes in, its author and its licence;
`fetch.sh` brings the packages, `sources.sha256` pins the pictures. A crop is a
region of a source at its own aspect ratio, so two crops of one large photograph
are two different pictures.
"""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageCms, ImageOps

Image.MAX_IMAGE_PIXELS = 200_000_000

CC0 = "CC0-1.0"
BY4 = "CC-BY-4.0"
BY2 = "CC-BY-2.0"

BUDGIE = "budgie-backgrounds 3.0-1 (Debian)"
BUDGIE4 = "budgie-backgrounds 4.2-1 (Debian)"
GNOME = "gnome-backgrounds 3.38.0-1 (Debian)"
LOMIRI = "lomiri-wallpapers-16.04 20.04.0-2 (Debian)"
SKIMAGE = "scikit-image 0.26.0 (PyPI)"
SKLEARN = "scikit-learn 1.9.1 (PyPI)"


@dataclass(frozen=True)
class Source:
    """One photograph: file below the folder that `fetch.sh` filled, package, author, licence."""

    file: str
    package: str
    author: str
    licence: str


def _budgie(name: str) -> Source:
    return Source(f"budgie-backgrounds/{name}.jpg", BUDGIE, "Budgie Desktop Developers", CC0)


def _budgie4(name: str) -> Source:
    return Source(f"budgie-backgrounds-4/{name}.png", BUDGIE4, "Budgie Desktop Developers", CC0)


def _lomiri(name: str, author: str, licence: str = BY4) -> Source:
    return Source(f"lomiri-wallpapers/{name}.jpg", LOMIRI, author, licence)


SOURCES = {
    "anhinga": _budgie4("sunning-anhinga"),
    "arena": _budgie("roman-colosseum"),
    "boston": _budgie("beacon-street-sunset"),
    "casa": _budgie("casa-mila"),
    "desert": _budgie("extreme-desert-hike"),
    "heron": _budgie4("pondering-heron"),
    "lake": _budgie("lake-sherburne"),
    "osprey": _budgie("perched-osprey"),
    "otters": _budgie("oakland-zoo-otters"),
    "periwinkle": _budgie("blue-periwinkle"),
    "piazza": _budgie("piazza-gae-aulenti"),
    "saturn": _budgie("saturnian-profile"),
    "shrike": _budgie4("perched-shrike"),
    "singapore": _budgie("singaporean-cityscape"),
    "spices": _budgie4("the-spices-of-life"),
    "spiral": _budgie("abstract-spiral"),
    "tea": _budgie("tea-gardens"),
    "trestle": _budgie("high-trestle-trail"),
    "wren": _budgie("canyon-wren"),
    "forest": Source("gnome-backgrounds/ColdWarm.jpg", GNOME, "invisiblepower", CC0),
    "road": Source("gnome-backgrounds/Road.jpg", GNOME, "Joshua Welch", CC0),
    "sea": Source("gnome-backgrounds/SeaSunset.jpg", GNOME, "Sebastian Voortman", CC0),
    "dandelion": _lomiri("seeding_by_Clements_Engelhardt", "Clemens Engelhardt", CC0),
    "autumn": _lomiri("aitzgorri_by_Aitzol_Berasategi", "Aitzol Berasategi"),
    "brushes": _lomiri("Picture_1A_by_freespace", "Trevor “Freespace”"),
    "dogs": _lomiri("friends_by_Aitzol_Berasategi", "Aitzol Berasategi"),
    "fig": _lomiri("Picture_0B_by_freespace", "Trevor “Freespace”"),
    "picos": _lomiri("picosdeeuropa_by_Aitzol_Berasategi", "Aitzol Berasategi"),
    "stream": _lomiri("life_by_Aitzol_Berasategi", "Aitzol Berasategi"),
    "summit": _lomiri("sunset_by_Aitzol_Berasategi", "Aitzol Berasategi"),
    "wine": _lomiri("Wine_by_Jakkub_Mede", "Jakub Mede"),
    "cat": Source("scikit-image/chelsea.png", SKIMAGE, "Stefan van der Walt", CC0),
    "coffee": Source("scikit-image/coffee.png", SKIMAGE, "Rachel Michetti", CC0),
    "galaxies": Source("scikit-image/hubble_deep_field.jpg", SKIMAGE, "NASA", "public domain"),
    "rocket": Source("scikit-image/rocket.jpg", SKIMAGE, "SpaceX", "public domain"),
    "pavilion": Source("scikit-learn/china.jpg", SKLEARN, "danielbuechele", BY2),
    "dahlia": Source("scikit-learn/flower.jpg", SKLEARN, "vultilion", BY2),
}


def sources_folder() -> Path:
    """Where `fetch.sh` put the sources: `$SITES_SOURCES`, or `target/sites-sources` of the project."""
    default = Path(__file__).resolve().parents[3] / "target" / "sites-sources"
    return Path(os.environ.get("SITES_SOURCES", default))


@dataclass(frozen=True)
class Crop:
    """A region of a source: centre in fractions of its sides; `zoom` 1 is the largest that fits."""

    source: str
    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0


_opened: dict[str, Image.Image] = {}


def _open(name: str) -> Image.Image:
    if name not in _opened:
        image = ImageOps.exif_transpose(Image.open(sources_folder() / SOURCES[name].file))
        profile = image.info.get("icc_profile")
        image = image.convert("RGB")
        if profile:
            wanted = ImageCms.createProfile("sRGB")
            image = ImageCms.profileToProfile(image, io.BytesIO(profile), wanted)
        image.info = {}  # a profile made here has the time of day in it
        if len(_opened) > 3:  # a 4K photograph is 25 MB of pixels
            _opened.pop(next(iter(_opened)))
        _opened[name] = image
    return _opened[name]


def cut(crop: Crop, width: int, height: int) -> Image.Image:
    """The crop in exactly `width` × `height` pixels; enlarging by more than a fifth is an error."""
    image = _open(crop.source)
    aspect = width / height
    full_w = min(image.width, image.height * aspect)
    w, h = full_w / crop.zoom, full_w / aspect / crop.zoom
    if width > w * 1.2:
        raise ValueError(f"{crop} has only {w:.0f} pixels for {width}")
    left = min(max(crop.x * image.width - w / 2, 0), image.width - w)
    top = min(max(crop.y * image.height - h / 2, 0), image.height - h)
    box = (left, top, left + w, top + h)
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def encode(image: Image.Image, kind: str, quality: int) -> bytes:
    """Bytes of `kind` jpg, webp, avif or png; the same bytes for the same library versions."""
    out = io.BytesIO()
    if kind == "jpg":
        image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    elif kind == "webp":
        image.save(out, "WEBP", quality=quality, method=6)
    elif kind == "avif":
        image.save(out, "AVIF", quality=quality, speed=4, max_threads=1)
    else:
        image.save(out, "PNG", optimize=True)
    return out.getvalue()


def encode_to_size(image: Image.Image, kind: str, target: int) -> bytes:
    """The best quality from 30 to 95 that stays within `target` bytes; an error if 30 does not."""
    low, high, best = 30, 95, None
    while low <= high:
        middle = (low + high) // 2
        data = encode(image, kind, middle)
        if len(data) <= target:
            low, best = middle + 1, data
        else:
            high = middle - 1
    if best is None:
        raise ValueError(f"{image.size} {kind} does not fit {target} bytes")
    return best
