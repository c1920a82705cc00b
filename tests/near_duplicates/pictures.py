"""Pictures with the spectrum of real ones: amplitudes fall as 1 / frequency."""

import numpy as np


def natural(seed: int, height: int = 144, width: int = 192) -> np.ndarray:
    """uint8 (height, width), grey."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(2 * height)[:, None] * 2 * height, np.fft.rfftfreq(2 * width) * 2 * width)
    shape = frequency.shape
    waves = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.maximum(frequency, 1)
    light = np.fft.irfft2(waves)[:height, :width]
    return np.clip(128 + 45 * (light - light.mean()) / light.std(), 0, 255).astype(np.uint8)
