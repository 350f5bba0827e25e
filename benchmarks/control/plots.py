"""Plots of a run as SVG: room temperature with the comfort band, price, power."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

WIDTH, HEIGHT, LEFT, RIGHT = 900, 150, 60, 14
GAP, TOP, BOTTOM = 34, 26, 26
INK, BAND, OURS, OTHER, PRICE = "#333333", "#dcebdc", "#c0392b", "#7f8c8d", "#2471a3"


def _points(x: np.ndarray, y: np.ndarray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


class Panel:
    """A diagram over the hours with its own vertical axis."""

    def __init__(self, top: float, title: str, hours: np.ndarray, low: float, high: float) -> None:
        self.top, self.title, self.hours, self.low, self.high = top, title, hours, low, high
        self.parts: list[str] = []

    def x(self, hours: np.ndarray | float) -> np.ndarray:
        """Return the horizontal position of hours."""
        span = self.hours[-1] - self.hours[0]
        result: np.ndarray = LEFT + (np.asarray(hours) - self.hours[0]) / span * (WIDTH - LEFT - RIGHT)
        return result

    def y(self, values: np.ndarray | float) -> np.ndarray:
        """Return the vertical position of values, limited to the panel."""
        share = (np.asarray(values) - self.low) / (self.high - self.low)
        return self.top + HEIGHT - np.clip(share, 0, 1) * HEIGHT

    def band(self, low: np.ndarray, high: np.ndarray, colour: str) -> None:
        """Add a filled band."""
        x = self.x(self.hours)
        outline = _points(np.concatenate([x, x[::-1]]), np.concatenate([self.y(low), self.y(high)[::-1]]))
        self.parts.append(f'<polygon points="{outline}" fill="{colour}"/>')

    def line(self, values: np.ndarray, colour: str, width: float = 1.2) -> None:
        """Add a line."""
        outline = _points(self.x(self.hours), self.y(values))
        self.parts.append(f'<polyline points="{outline}" fill="none" stroke="{colour}" stroke-width="{width}"/>')

    def svg(self) -> str:
        """Return the panel with frame, ticks and title."""
        size = f'width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT}"'
        frame = [
            f'<rect x="{LEFT}" y="{self.top}" {size} fill="none" stroke="{INK}" stroke-width="0.6"/>',
            f'<text x="{LEFT}" y="{self.top - 7}">{self.title}</text>',
        ]
        for value in np.linspace(self.low, self.high, 5):
            at = float(self.y(value))
            frame.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{value:g}</text>')
            ends = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"'
            frame.append(f'<line {ends} stroke="{INK}" stroke-width="0.15"/>')
        return "\n".join([*self.parts, *frame])


def _round_up(value: float, step: float) -> float:
    return float(np.ceil(value / step) * step)


def draw(  # noqa: PLR0917
    path: Path,
    title: str,
    hours: np.ndarray,
    band: tuple[np.ndarray, np.ndarray],
    rooms: Sequence[tuple[np.ndarray, str]],
    price: np.ndarray,
    powers: Sequence[tuple[np.ndarray, str]],
) -> None:
    """Write the plot; rooms and powers are (series, name), the engine first."""
    tops = [TOP + 14 + i * (HEIGHT + GAP) for i in range(3)]
    temperature = Panel(tops[0], "room temperature, degC (green: comfort band)", hours, 18.0, 26.0)
    temperature.band(np.maximum(band[0], 18.0), np.minimum(band[1], 26.0), BAND)
    spread = max(float(price.max() - price.min()), 0.01)
    money = Panel(
        tops[1], "price, EUR/kWh", hours, float(price.min() - 0.1 * spread), float(price.max() + 0.1 * spread)
    )
    money.line(price, PRICE)
    most = _round_up(max(float(power.max()) for power, _ in powers) / 1000, 1.0)
    power_panel = Panel(tops[2], "electric power, kW", hours, 0.0, most)
    for colour, (room, _), (power, _) in reversed(list(zip((OURS, OTHER), rooms, powers, strict=True))):
        temperature.line(room, colour)
        power_panel.line(power / 1000, colour)
    bottom = tops[2] + HEIGHT
    ticks = "".join(
        f'<text x="{float(temperature.x(day)):.1f}" y="{bottom + 17}">day {int(day) // 24 + 1}</text>'
        for day in np.arange(hours[0], hours[-1], 24.0)
    )
    names = "".join(
        f'<text x="{WIDTH - RIGHT}" y="{TOP + 8 - 14 * place}" text-anchor="end" fill="{colour}">{name}</text>'
        for place, (colour, (_, name)) in enumerate(zip((OURS, OTHER), rooms, strict=True))
    )
    body = "\n".join(panel.svg() for panel in (temperature, money, power_panel))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + BOTTOM}" font-family="sans-serif" '
        f'font-size="11" fill="{INK}">\n<rect width="100%" height="100%" fill="white"/>\n'
        f'<text x="{LEFT}" y="16" font-size="13">{title}</text>\n{names}\n{body}\n{ticks}\n</svg>\n',
        encoding="utf-8",
    )
