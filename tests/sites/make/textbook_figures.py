"""The ten figures of the textbook chapter, drawn with matplotlib; the same bytes each time."""

import io

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
import numpy as np

INK, SOFT, RED, BLUE, GOLD, GREEN, PALE = "#22304a", "#6b7484", "#b5402d", "#2d62a3", "#d2982f", "#3c7d5c", "#e8e4d8"

plt.rcParams.update(
    {
        "svg.hashsalt": "textbook",
        "svg.fonttype": "path",
        "font.family": "DejaVu Sans",  # comes with matplotlib
        "font.size": 9,
        "axes.edgecolor": SOFT,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "text.color": INK,
        "lines.linewidth": 1.6,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "legend.frameon": False,
    }
)


def svg(figure: plt.Figure) -> bytes:
    """The figure as SVG without a date in it."""
    out = io.BytesIO()
    figure.savefig(out, format="svg", bbox_inches="tight", pad_inches=0.06, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return out.getvalue()


def plot(width: float = 6.4, height: float = 3.2):
    """Axes for a graph."""
    figure, axes = plt.subplots(figsize=(width, height))
    return figure, axes


def sketch(width: float, height: float, x: tuple[float, float], y: tuple[float, float]):
    """Axes for a drawing: equal scales, no frame."""
    figure, axes = plt.subplots(figsize=(width, height))
    axes.set(xlim=x, ylim=y, aspect="equal")
    axes.axis("off")
    return figure, axes


def ray(axes, *points, colour=RED, head=0.55, style="-") -> None:
    """A ray through the points, with an arrow head a part of the way along each piece."""
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        axes.plot([x0, x1], [y0, y1], style, color=colour, lw=1.4)
        tip = (x0 + head * (x1 - x0), y0 + head * (y1 - y0))
        axes.annotate("", tip, (x0, y0), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 0, "shrinkA": 0, "shrinkB": 0})


def shadow() -> bytes:
    """A wide lamp, a ball, and the two kinds of shadow on a wall."""
    figure, axes = sketch(6.6, 3.6, (-0.6, 8.8), (-2.5, 2.5))
    lamp, ball, wall = 1.0, 0.7, 8.0
    full, half = (lamp + (side - lamp) * wall / 4 for side in (ball, -ball))  # where the two rays past the ball meet the wall
    axes.add_patch(plt.Polygon([(4, ball), (wall, full), (wall, -full), (4, -ball)], color=INK, alpha=0.55, lw=0))
    for s in (1, -1):
        axes.add_patch(plt.Polygon([(4, ball * s), (wall, -half * s), (wall, full * s)], color=INK, alpha=0.18, lw=0))
    axes.add_patch(plt.Circle((4, 0), ball, color=INK))
    axes.plot([0, 0], [-lamp, lamp], color=GOLD, lw=7, solid_capstyle="round")
    axes.plot([wall, wall], [-2.5, 2.5], color=SOFT, lw=3)
    for s in (1, -1):
        ray(axes, (0, lamp * s), (wall, full * s), colour=GOLD, head=0.3)
        ray(axes, (0, lamp * s), (wall, half * s), colour=GOLD, head=0.3)
    axes.text(0, 1.35, "lamp", ha="center")
    axes.text(4, 1.0, "ball", ha="center")
    axes.text(6.1, -0.1, "full shadow", color="white", ha="center", fontsize=8)
    axes.text(7.0, 1.0, "half shadow", ha="center", fontsize=8)
    return svg(figure)


def mirror() -> bytes:
    """The law of reflection."""
    figure, axes = sketch(5.2, 3.0, (-4, 4), (-0.6, 4))
    axes.plot([-4, 4], [0, 0], color=INK, lw=2.4)
    for x in np.arange(-4, 4, 0.4):
        axes.plot([x, x + 0.25], [-0.35, 0], color=SOFT, lw=0.7)
    axes.plot([0, 0], [0, 3.8], "--", color=SOFT, lw=1)
    ray(axes, (-3, 3.4), (0, 0))
    ray(axes, (0, 0), (3, 3.4))
    t = np.linspace(np.pi / 2, np.pi / 2 + np.arctan(3 / 3.4), 30)
    for s in (1, -1):
        axes.plot(s * 1.3 * np.cos(t), 1.3 * np.sin(t), color=BLUE, lw=1.1)
    axes.text(-0.65, 1.5, r"$\alpha$", ha="center", color=BLUE, fontsize=13)
    axes.text(0.65, 1.5, r"$\alpha'$", ha="center", color=BLUE, fontsize=13)
    axes.text(0.1, 3.6, "normal", color=SOFT)
    return svg(figure)


def wavefronts() -> bytes:
    """Plane waves slow down and turn at a surface."""
    figure, axes = sketch(6.0, 3.7, (-5, 5), (-3, 3))
    axes.axhspan(-3, 0, color=BLUE, alpha=0.12, lw=0)
    axes.axhline(0, color=BLUE, lw=1.4)
    n, first = 1.6, np.radians(50)
    second = np.arcsin(np.sin(first) / n)
    for x in np.arange(-8, 8.1, 0.62):
        axes.plot([x, x + 6 * np.cos(first)], [0, 6 * np.sin(first)], color=INK, lw=0.8)
        axes.plot([x, x - 6 * np.cos(second)], [0, -6 * np.sin(second)], color=INK, lw=0.8)
    ray(axes, (-2.9 * np.sin(first), 2.9 * np.cos(first)), (0, 0))
    ray(axes, (0, 0), (2.9 * np.sin(second), -2.9 * np.cos(second)))
    axes.plot([0, 0], [-2.8, 2.8], "--", color=SOFT, lw=1)
    for x, y, label in ((3.9, 2.5, "air"), (3.9, -2.7, "glass")):
        axes.text(x, y, label, ha="center", bbox={"facecolor": "#fffdf6", "edgecolor": "none", "pad": 2})
    return svg(figure)


def snell() -> bytes:
    """Angle in, angle out, for three pairs of materials."""
    figure, axes = plot()
    angle = np.linspace(0, 90, 181)
    for ratio, name, colour in ((1 / 1.33, "air to water", BLUE), (1 / 1.52, "air to glass", GREEN), (1.33, "water to air", RED)):
        sine = np.sin(np.radians(angle)) * ratio
        inside = sine <= 1
        axes.plot(angle[inside], np.degrees(np.arcsin(sine[inside])), color=colour, label=name)
    axes.plot([48.75, 48.75], [0, 90], ":", color=RED, lw=1)
    axes.text(50, 6, "48.8°: nothing gets out", color=RED)
    axes.set(xlabel="angle of incidence, degrees", ylabel="angle of refraction", xlim=(0, 90), ylim=(0, 90))
    axes.set_xticks(range(0, 91, 15))
    axes.set_yticks(range(0, 91, 15))
    axes.grid(color=PALE)
    axes.legend(loc="upper left")
    return svg(figure)


def dispersion() -> bytes:
    """Refractive index of three glasses, from their published Sellmeier coefficients."""
    glasses = {
        "flint SF10": ((1.62153902, 0.256287842, 1.64447552), (0.0122241457, 0.0595736775, 147.468793), RED),
        "crown BK7": ((1.03961212, 0.231792344, 1.01046945), (0.00600069867, 0.0200179144, 103.560653), BLUE),
        "fused silica": ((0.6961663, 0.4079426, 0.8974794), (0.0684043**2, 0.1162414**2, 9.896161**2), GREEN),
    }
    figure, axes = plot()
    wave = np.linspace(0.38, 0.78, 120)
    for name, (b, c, colour) in glasses.items():
        square = 1 + sum(bi * wave**2 / (wave**2 - ci) for bi, ci in zip(b, c))
        axes.plot(wave * 1000, np.sqrt(square), color=colour)
        axes.text(786, np.sqrt(square[-1]), name, color=colour, va="center")
    axes.set(xlabel="wavelength, nanometres", ylabel="refractive index", xlim=(380, 780), ylim=(1.44, 1.80))
    axes.grid(color=PALE)
    return svg(figure)


def lens() -> bytes:
    """Three rays find the image behind a thin lens."""
    figure, axes = sketch(7.0, 2.9, (-8, 9), (-3.4, 3.0))
    f, distance, height = 3.0, 6.5, 2.0
    image = 1 / (1 / f - 1 / distance)
    drop = -height * image / distance
    y = np.linspace(-2.9, 2.9, 60)
    axes.fill_betweenx(y, -0.32 * (1 - (y / 2.9) ** 2), 0.32 * (1 - (y / 2.9) ** 2), color=BLUE, alpha=0.25, lw=0)
    axes.plot([-8, 9], [0, 0], color=SOFT, lw=0.9)
    for x, label in ((-f, "F"), (f, "F′")):
        axes.plot(x, 0, "o", color=INK, ms=3.5)
        axes.text(x, -0.55, label, ha="center")
    for x, tip, label in ((-distance, height, "object"), (image, drop, "image")):
        axes.annotate("", (x, tip), (x, 0), arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 2, "shrinkA": 0, "shrinkB": 0})
        axes.text(x, tip + (0.25 if tip > 0 else -0.6), label, ha="center")
    ray(axes, (-distance, height), (0, height), (image, drop))
    ray(axes, (-distance, height), (image, drop), colour=GREEN, head=0.4)
    ray(axes, (-distance, height), (0, drop), (image, drop), colour=GOLD)
    return svg(figure)


def image_distance() -> bytes:
    """Where the image is, for each place of the object."""
    figure, axes = plot()
    near, far = np.linspace(0.05, 0.93, 80), np.linspace(1.07, 5, 160)
    axes.plot(far, 1 / (1 - 1 / far), color=BLUE, label="real: behind the lens")
    axes.plot(near, 1 / (1 - 1 / near), color=RED, label="virtual: in front of it")
    axes.axvline(1, color=SOFT, ls=":", lw=1)
    axes.axhline(0, color=SOFT, lw=0.8)
    axes.plot(2, 2, "o", color=INK, ms=4)
    axes.text(2.1, 2.3, "same size", color=INK)
    axes.set(xlabel="object distance, in focal lengths", ylabel="image distance", xlim=(0, 5), ylim=(-6, 8))
    axes.grid(color=PALE)
    axes.legend(loc="lower right")
    return svg(figure)


def two_sources() -> bytes:
    """Crests of two equal sources, and the lines along which they meet."""
    figure, axes = sketch(6.0, 3.7, (-0.5, 9.5), (-3, 3))
    t = np.linspace(-np.pi / 2, np.pi / 2, 50)
    for y in (1.0, -1.0):
        for r in np.arange(0.5, 10, 0.5):
            axes.plot(r * np.cos(t), y + r * np.sin(t), color=INK, lw=0.7, alpha=0.7, clip_on=True)
        axes.plot(0, y, "o", color=RED, ms=5)
    x = np.linspace(0, 9.5, 60)
    for order in range(-3, 4):
        a = abs(order) * 0.25
        if order == 0:
            axes.plot(x, 0 * x, color=GOLD, lw=2.6, alpha=0.8)
        else:
            axes.plot(x, np.sign(order) * a * np.sqrt(1 + x**2 / (1 - a**2)), color=GOLD, lw=2.6, alpha=0.8)
    return svg(figure)


def double_slit() -> bytes:
    """Intensity on the screen: fine fringes under a broad envelope."""
    figure, axes = plot()
    place = np.linspace(-20, 20, 700)
    envelope = np.sinc(place / 11) ** 2
    axes.plot(place, envelope * np.cos(np.pi * place / 2.2) ** 2, color=BLUE, lw=1.2)
    axes.plot(place, envelope, "--", color=RED, lw=1.2)
    axes.text(8.2, 0.55, "one slit alone", color=RED)
    axes.set(xlabel="place on the screen, millimetres", ylabel="brightness", xlim=(-20, 20), ylim=(0, 1.05))
    return svg(figure)


def black_body() -> bytes:
    """What hot things radiate, with the visible part of the spectrum."""
    figure, axes = plot()
    wave = np.linspace(100, 2500, 260)
    for kelvin, colour, name in ((6500, BLUE, "6500 K"), (5772, GOLD, "5772 K, the Sun"), (4500, RED, "4500 K"), (3000, SOFT, "3000 K, a lamp")):
        metres = wave * 1e-9
        power = 3.7418e-16 / (metres**5 * np.expm1(0.0143878 / (metres * kelvin))) / 1e13
        axes.plot(wave, power, color=colour)
        top = int(np.argmax(power))
        axes.text(wave[top] + 60, power[top] + 0.22, name, color=colour)
    rainbow = ("#6b3fa0", "#3a55c4", "#2a93b8", "#3d9a4f", "#d9c22e", "#e08a2c", "#c23a2b")
    for i, colour in enumerate(rainbow):
        axes.axvspan(380 + i * 57, 380 + (i + 1) * 57, color=colour, alpha=0.16, lw=0)
    axes.set(xlabel="wavelength, nanometres", ylabel="power, $10^{13}$ W/m³", xlim=(100, 2500), ylim=(0, None))
    return svg(figure)


FIGURES = {
    "shadow": shadow,
    "mirror": mirror,
    "wavefronts": wavefronts,
    "snell": snell,
    "dispersion": dispersion,
    "lens": lens,
    "image-distance": image_distance,
    "two-sources": two_sources,
    "double-slit": double_slit,
    "black-body": black_body,
}
