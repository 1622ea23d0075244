#!/usr/bin/env python3
"""How demo_movie.ome.tif was made: drifting cells drawn from a seed. Needs numpy and tifffile; cytofleet itself
needs no Python.

    launch/demo/make_movie.py demo_movie.ome.tif
"""
import sys

import numpy as np
import tifffile

FRAMES, SIDE, DIAMETER, CELLS, SEED = 8, 256, 26.0, 42, 20


def outline(rng):
    """Radius in pixels at 64 angles: an ellipse with a rough edge."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    long_side = DIAMETER / 2 * np.exp(rng.normal() * 0.18)
    ratio, turn = rng.uniform(0.7, 1.0), rng.uniform(0, np.pi)
    radius = long_side * ratio / np.hypot(ratio * np.cos(angle - turn), np.sin(angle - turn))
    for wave in range(2, 6):
        radius *= 1 + 0.12 / wave * rng.normal() * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    return np.maximum(radius, 3.0)


def blur(image, sigma):
    """Gaussian smoothing with wrapped borders."""
    fy, fx = np.fft.fftfreq(image.shape[0])[:, None], np.fft.fftfreq(image.shape[1])[None, :]
    kernel = np.exp(-2 * (np.pi * sigma) ** 2 * (fy**2 + fx**2))
    return np.real(np.fft.ifft2(np.fft.fft2(image) * kernel))


def draw(rng, cells):
    """One frame, uint16 of a 12-bit camera: bodies that fade towards the edge, background, noise."""
    image, taken = np.zeros((SIDE, SIDE)), np.zeros((SIDE, SIDE), bool)
    y, x = np.mgrid[:SIDE, :SIDE]
    for cy, cx, radius, level in cells:
        angle = (np.arctan2(y - cy, x - cx) % (2 * np.pi)) / (2 * np.pi) * 64
        low = np.floor(angle).astype(int) % 64
        part = angle - np.floor(angle)
        edge = radius[low] * (1 - part) + radius[(low + 1) % 64] * part
        distance = np.hypot(y - cy, x - cx)
        hit = (distance <= edge) & ~taken
        image[hit] = level * np.clip(0.35 + 0.9 * (1 - distance[hit] / edge[hit]), 0, 1)
        taken |= hit
    texture = blur(rng.normal(size=image.shape), 1.5)
    image *= 1 + 0.15 * texture / texture.std()
    image = blur(image, 0.8) + rng.normal(size=image.shape) * 0.04
    return np.clip(image * 3000 + 300, 0, 4095).astype(np.uint16)


def main():
    rng = np.random.default_rng(SEED)
    cells = []
    while len(cells) < CELLS:
        cells.append((*rng.uniform(0, SIDE, 2), outline(rng), rng.uniform(0.35, 1.0)))
    speed = rng.normal(size=(CELLS, 2)) * 1.6
    movie = []
    for _ in range(FRAMES):
        movie.append(draw(rng, cells))
        cells = [((cy + vy) % SIDE, (cx + vx) % SIDE, r, level) for (cy, cx, r, level), (vy, vx) in zip(cells, speed)]
    tifffile.imwrite(
        sys.argv[1], np.stack(movie), ome=True, photometric="minisblack", compression="zlib", predictor=True,
        metadata={"axes": "TYX", "PhysicalSizeX": 0.65, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.65,
                  "PhysicalSizeYUnit": "µm", "TimeIncrement": 5.0, "TimeIncrementUnit": "min",
                  "Channel": {"Name": ["GFP"]}})


if __name__ == "__main__":
    main()
