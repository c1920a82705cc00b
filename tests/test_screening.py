"""What frames are looked at for screening: decoded roughly, in brightness as it was coded."""

import numpy as np
import pytest

from factory.video import shown
from tests.conftest import shifted
from tests.videos import write


def test_a_rough_pass_sees_the_same_frames_at_the_same_times(tmp_path):
    path = write(tmp_path / "v.mp4", shifted(0, 48))
    fine, rough = (list(shown(path, rough=rough)) for rough in (False, True))
    assert [(f.index, f.time_s, f.pts) for f in rough] == [(f.index, f.time_s, f.pts) for f in fine]
    assert np.abs(rough[-1].image().astype(int) - fine[-1].image()).mean() < 4


@pytest.mark.parametrize("max_side_px", [None, 80])
def test_luma_is_the_brightness_but_for_its_range(tmp_path, max_side_px):
    found = next(shown(write(tmp_path / "v.mp4", shifted(0, 3))))
    grey = found.image(grey=True, max_side_px=max_side_px or 2560).astype(float)
    luma = found.luma(max_side_px).astype(float)
    assert luma.shape == grey.shape
    assert np.corrcoef(luma.ravel(), grey.ravel())[0, 1] > 0.99
