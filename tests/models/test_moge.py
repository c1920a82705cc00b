"""MoGe, small and random, against its package."""

import numpy as np
import pytest

from factory.models.moge import MoGeDepth, MoGeIntrinsics
from factory.models.weights import WeightStore
from tests.models import contracts, tiny
from tests.models.contracts import textured

pytest.importorskip("moge.model.v2", reason="MoGe is not installed: pip install dlr-moge")


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    place = tmp_path_factory.mktemp("weights")
    return {"weights": tiny.moge(place), "store": WeightStore(str(place)), "device": "cpu"}


def test_the_contracts_of_its_roles(settings):
    contracts.depth(MoGeDepth(**settings))
    contracts.intrinsics(MoGeIntrinsics(**settings))


@pytest.mark.parametrize("size", [(64, 96), (90, 51)])
def test_it_answers_as_the_package_does(settings, size):
    import torch

    frames, backend = textured(2, *size), MoGeDepth(**settings)
    backend.load()
    images = torch.from_numpy(frames).permute(0, 3, 1, 2) / 255.0
    told = backend._network.infer(images, use_fp16=False)
    np.testing.assert_allclose(backend.depth(frames).values, told["depth"].numpy(), rtol=2e-3)
    focal_px = MoGeIntrinsics(**settings).focals(frames).focal_px
    np.testing.assert_allclose(focal_px, told["intrinsics"][:, 0, 0].numpy() * size[1], rtol=1e-4)
    fov_deg = torch.tensor(np.degrees(2 * np.arctan(0.5 * size[1] / np.array([60.0, 80.0]))), dtype=torch.float32)
    known = backend._network.infer(images, fov_x=fov_deg, use_fp16=False)["depth"].numpy()
    np.testing.assert_allclose(backend.depth(frames, np.array([60.0, 80.0])).values, known, rtol=2e-3)
