"""The small icon of each site, drawn here so that no page asks for a missing favicon."""

import io

from PIL import Image, ImageDraw

SIDE = 32
OVERSAMPLE = 8


def favicon(site: str) -> bytes:
    """A PNG of 32 × 32 pixels for `gallery`, `median` or `textbook`."""
    n = SIDE * OVERSAMPLE
    image = Image.new("RGBA", (n, n), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    if site == "gallery":
        draw.rounded_rectangle((0, 0, n - 1, n - 1), n // 5, fill="#1b1d1f")
        draw.ellipse((n * 0.18, n * 0.18, n * 0.82, n * 0.82), fill="#f2b36b")
        draw.rectangle((n * 0.1, n * 0.56, n * 0.9, n * 0.62), fill="#1b1d1f")
        draw.rectangle((n * 0.1, n * 0.69, n * 0.9, n * 0.74), fill="#1b1d1f")
    elif site == "median":
        draw.rounded_rectangle((0, 0, n - 1, n - 1), n // 4, fill="#0f5c4c")
        for i, top in enumerate((0.55, 0.25, 0.42)):
            left = 0.2 + i * 0.22
            draw.rounded_rectangle((n * left, n * top, n * (left + 0.15), n * 0.8), n // 24, fill="#f4efe4")
    elif site == "textbook":
        draw.rounded_rectangle((0, 0, n - 1, n - 1), n // 8, fill="#f7f3e8", outline="#22304a", width=n // 20)
        draw.polygon([(n * 0.5, n * 0.2), (n * 0.82, n * 0.78), (n * 0.18, n * 0.78)], fill="#22304a")
    else:
        raise ValueError(f"no icon for {site}")
    out = io.BytesIO()
    image.resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()
