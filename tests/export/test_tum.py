import numpy as np
from scipy.spatial.transform import Rotation

from factory.tum import tum_text


def test_tum_text_gives_back_the_poses(tmp_path):
    rng = np.random.default_rng(0)
    poses = np.tile(np.eye(4), (5, 1, 1))
    poses[:, :3, :3] = Rotation.random(5, rng=rng).as_matrix()
    poses[:, :3, 3] = rng.normal(size=(5, 3))
    times_s = np.arange(5) / 12 + 3.25
    (tmp_path / "t.txt").write_text(tum_text(times_s, poses))

    rows = np.loadtxt(tmp_path / "t.txt")
    assert rows.shape == (5, 8)
    assert np.allclose(rows[:, 0], times_s, atol=1e-6)
    assert np.allclose(rows[:, 1:4], poses[:, :3, 3], atol=1e-8)
    assert np.allclose(Rotation.from_quat(rows[:, 4:]).as_matrix(), poses[:, :3, :3], atol=1e-7)
