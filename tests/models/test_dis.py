"""The flow of pictures moved by a known shift, in sizes that OpenCV's own code does not survive."""

import numpy as np
import pytest

from factory.models.dis import PRESETS, DisFlow


def picture(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.asarray(128 + 60 * np.sin(x / 5) + 60 * np.sin(y / 4 + x / 9)).astype(np.uint8)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize(("height", "width"), [(90, 160), (24, 192), (12, 640), (16, 16)])
def test_the_shift_comes_out(preset, height, width):
    first = picture(height, width)
    flow = DisFlow(preset).flow(first, np.ascontiguousarray(picture(height, width + 1)[:, 1:]))
    assert flow.shape == (height, width, 2)
    inner = flow[height // 4 : -height // 4, width // 4 : -width // 4]
    assert np.median(inner[..., 0]) == pytest.approx(-1.0, abs=0.2)
    assert np.median(inner[..., 1]) == pytest.approx(0.0, abs=0.2)
