"""RAFT's adapter, with random weights: shapes, sizes RAFT itself would refuse, and the same answer twice."""

import numpy as np
import pytest

from factory.errors import ConfigError
from factory.models.raft import RaftFlow

pytest.importorskip("torchvision", reason="the extra `models` is not installed: pip install '.[models]'")


@pytest.mark.parametrize("shape", [(90, 161), (136, 200, 3)])
def test_flow_has_the_size_of_the_picture_and_is_reproducible(shape):
    rng = np.random.default_rng(0)
    first, second = (rng.integers(0, 255, shape, dtype=np.uint8) for _ in range(2))
    flow = RaftFlow(weights="none", updates=2, device="cpu").flow(first, second)
    assert flow.shape == (*shape[:2], 2)
    assert flow.dtype == np.float32
    assert np.array_equal(flow, RaftFlow(weights="none", updates=2, device="cpu").flow(first, second))


def test_without_a_gpu_it_says_so():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU: there is nothing to complain about")
    with pytest.raises(ConfigError, match="torch sees none"):
        RaftFlow(weights="none").flow(np.zeros((128, 128), np.uint8), np.zeros((128, 128), np.uint8))
