"""RAFT's adapter, with random weights: the network's own answers, in any batch, and through a pool."""

import numpy as np
import pytest

from factory.errors import ConfigError
from factory.models.network import Call, Pool, answers
from factory.models.raft import RaftFlow

pytest.importorskip("torchvision", reason="the extra `models` is not installed: pip install '.[models]'")


def raft(**changes) -> RaftFlow:
    return RaftFlow(**{"weights": "none", "updates": 2, "device": "cpu", **changes})


def frames(height: int, width: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 255, (count, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(136, 200), (128, 128), (144, 256)])
def test_flow_is_that_of_the_network_called_by_hand(size):
    import torch
    from torchvision.models.optical_flow import raft_large

    torch.manual_seed(0)
    network = raft_large(weights=None).eval()
    some = frames(*size)
    tensors = torch.from_numpy(some).permute(0, 3, 1, 2).float() / 127.5 - 1.0
    with torch.inference_mode():
        theirs = network(tensors[[0, 2]], tensors[[1, 0]], num_flow_updates=2)[-1].permute(0, 2, 3, 1).numpy()
    ours = raft().pairs(some, np.array([[0, 1], [2, 0]]))
    assert ours.dtype == np.float16
    np.testing.assert_allclose(ours, theirs, atol=2e-2, rtol=2e-3)  # float16, and convolutions of other batches


def test_a_batch_of_one_says_what_a_batch_of_eight_says():
    pairs = np.array([[i, j] for i in range(3) for j in range(3)][:8])
    one, eight = (raft(pool=Pool(max_batch=n)).pairs(frames(130, 161), pairs) for n in (1, 8))
    assert one.shape == (8, 130, 161, 2)
    np.testing.assert_allclose(one, eight, atol=2e-2, rtol=2e-3)


def test_the_other_frame_is_seen_through_its_homography():
    some = frames(136, 200)
    shift = np.array([[1.0, 0, 5], [0, 1, 0], [0, 0, 1]])
    seen = np.stack([some[0], np.concatenate([some[1][:, 5:], np.repeat(some[1][:, -1:], 5, axis=1)], axis=1)])
    through, plain = raft().pairs(some, np.array([[0, 1]]), shift[None]), raft().pairs(seen, np.array([[0, 1]]))
    np.testing.assert_allclose(through, plain, atol=1e-3)


def test_sizes_that_the_network_itself_would_refuse():
    assert raft().pairs(frames(90, 161), np.array([[0, 1]])).shape == (1, 90, 161, 2)
    assert raft().pairs(frames(90, 161), np.zeros((0, 2), int)).shape == (0, 90, 161, 2)
    (found,) = answers(raft(), [Call("pairs", (frames(90, 161), np.array([[0, 1]])))])
    assert found.shape == (1, 90, 161, 2)


def test_without_a_gpu_it_says_so():
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU: there is nothing to complain about")
    with pytest.raises(ConfigError, match="torch sees none"):
        RaftFlow(weights="none").load()
