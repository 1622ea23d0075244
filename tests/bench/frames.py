"""Frames with cells, drawn from a seed, for the benchmarks. Needs numpy and scipy (both come with Cellpose)."""
import numpy as np
from scipy.ndimage import gaussian_filter


def _cell(rng, diameter):
    """Brightness of one cell on a small square: an ellipse with a wavy edge that fades outwards; 0 outside."""
    half = int(diameter * 0.9)
    y, x = np.mgrid[-half:half + 1, -half:half + 1]
    angle, far = np.arctan2(y, x), np.hypot(y, x)
    ratio, turn = rng.uniform(0.7, 1.0), rng.uniform(0, np.pi)
    edge = diameter / 2 * ratio / np.hypot(ratio * np.cos(angle - turn), np.sin(angle - turn))
    for wave in (2, 3, 5):
        edge = edge * (1 + 0.08 / wave * rng.normal() * np.cos(wave * angle + rng.uniform(0, 2 * np.pi)))
    return np.where(far <= edge, 0.35 + 0.65 * (1 - far / edge), 0.0)


def frame(size, cells, seed, diameter=30.0):
    """A uint16 image of size x size: `cells` cells at random places, the first one wins where two meet."""
    rng = np.random.default_rng(seed)
    pad = int(diameter * 0.9) + 1
    image = np.zeros((size + 2 * pad, size + 2 * pad), np.float32)
    for _ in range(cells):
        body = _cell(rng, diameter * np.exp(rng.normal() * 0.12)) * rng.uniform(0.4, 1.0)
        half = body.shape[0] // 2
        cy, cx = rng.integers(pad, size + pad, 2)
        top, left = max(0, cy - half), max(0, cx - half)
        area = image[top:cy + half + 1, left:cx + half + 1]
        body = body[half - (cy - top):, half - (cx - left):][:area.shape[0], :area.shape[1]]
        area[(area == 0) & (body > 0)] = body[(area == 0) & (body > 0)]
    image = gaussian_filter(image[pad:-pad, pad:-pad], 0.8)
    image += rng.normal(size=image.shape).astype(np.float32) * 0.03
    return np.clip(image * 3000 + 300, 0, 4095).astype(np.uint16)


def movie(frames, size, cells, seed):
    """A time-lapse of unrelated frames, (T, Y, X): what matters here is that there are many."""
    return np.stack([frame(size, cells, seed + t) for t in range(frames)])
