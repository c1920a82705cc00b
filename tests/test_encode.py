"""Videos that are written here."""

import numpy as np
import pytest

from factory.video import decode
from factory.video.encode import encode_video


def test_a_video_of_odd_size_is_written_whole(tmp_path):
    frames = [np.full((91, 161, 3), 40 * i, np.uint8) for i in range(5)]
    (tmp_path / "odd.mp4").write_bytes(encode_video(frames, (161, 91), 11.97))
    found = list(decode(tmp_path / "odd.mp4"))
    assert [frame.image.shape for frame in found] == [(91, 161, 3)] * 5
    assert [frame.time_s for frame in found] == pytest.approx(np.arange(5) / 11.97, abs=1e-4)
    assert all(np.abs(frame.image.astype(int) - 40 * i).mean() < 3 for i, frame in enumerate(found))
