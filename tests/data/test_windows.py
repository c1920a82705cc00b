"""Windows of clips for training: cameras that fit their pictures, any order, any number of workers."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest

from factory.data import ClipDataset
from factory.data.stream import ray_dataset
from factory.errors import ConfigError


@pytest.fixture(scope="module")
def windows(posed):
    return ClipDataset(posed, length=4, stride=2, step=5, size=(160, 96), masks=True)


def test_every_window_lies_in_its_clip_and_none_is_left_out(windows):
    # 30 sampled frames a clip, windows that reach over 7: they begin at 0, 5, 10, 15, 20.
    assert len(windows) == 10
    begins = sorted((item["clip_id"], item["frame"].tolist()) for item in map(windows.__getitem__, range(10)))
    assert [frames for _, frames in begins] == [[b, b + 2, b + 4, b + 6] for b in (0, 5, 10, 15, 20)] * 2
    with pytest.raises(IndexError):
        windows[10]


def test_the_camera_is_of_the_pictures(posed, windows):
    clip = posed.find("good.")
    item = next(item for item in map(windows.__getitem__, range(10)) if item["clip_id"] == clip.clip_id)
    assert item["frames"].shape == (4, 96, 160, 3)
    assert (item["frames"].dtype, item["world_from_cam"].dtype, item["masks"].dtype) == (np.uint8, np.float32, bool)
    assert item["masks"].shape == (4, 96, 160)
    assert np.allclose(item["world_from_cam"][0], np.eye(4), atol=1e-6)
    first, third = clip.world_from_cam[item["frame"][[0, 2]]]
    assert np.allclose(item["world_from_cam"][2], np.linalg.inv(first) @ third, atol=1e-5)
    # The corners of the picture lie at -0.5 and at its size less a half, in the large picture and in the small one.
    for corner, small in (((-0.5, -0.5), (-0.5, -0.5)), ((639.5, 359.5), (159.5, 95.5))):
        ray = np.linalg.inv(clip.intrinsics[0]) @ [*corner, 1.0]
        assert np.allclose(item["intrinsics"][0] @ ray, [*small, 1.0], atol=1e-4)


def test_windows_too_long_are_refused(posed):
    with pytest.raises(ConfigError, match="take shorter windows"):
        ClipDataset(posed, length=31)
    with pytest.raises(ConfigError, match="nonsense"):
        ClipDataset(posed, where="nonsense = 3")


def test_a_data_loader_takes_them_in_any_order(windows):
    torch = pytest.importorskip("torch", reason="torch is not installed: pip install '.[models]'")
    loader = torch.utils.data.DataLoader(
        windows, batch_size=2, shuffle=True, num_workers=2, multiprocessing_context="spawn"
    )
    batches = list(loader)
    assert len(batches) == 5
    assert batches[0]["frames"].shape == (2, 4, 96, 160, 3)
    assert batches[0]["world_from_cam"].dtype == torch.float32
    seen = {(c, f) for b in batches for c, f in zip(b["clip_id"], b["frame"][:, 0].tolist(), strict=True)}
    assert len(seen) == 10


def _by_ray(windows):
    import ray

    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        return ray_dataset(windows).take_all()
    finally:
        ray.shutdown()


def test_ray_data_reads_the_same(windows):
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:  # in this process other tests may have left a Ray
        rows = pool.submit(_by_ray, windows).result()
    found = {(row["clip_id"], int(row["frame"][0])): row for row in rows}
    assert len(found) == len(windows)
    for item in map(windows.__getitem__, range(len(windows))):
        row = found[item["clip_id"], int(item["frame"][0])]
        assert np.array_equal(row["frames"], item["frames"])
        assert np.array_equal(row["intrinsics"], item["intrinsics"])
