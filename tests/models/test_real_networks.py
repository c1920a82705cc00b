"""A learned flow with true weights, on a pair whose flow is known, beside the classical one."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from factory.models.dis import DisFlow
from tests.models import contracts
from tests.models.real_networks import PLACE, GmFlow

pytest.importorskip("torch", reason="the extra `models` is not installed: pip install '.[models]'")
if not os.environ.get(PLACE):
    pytest.skip(f"{PLACE} names no folder with GMFlow's wheel", allow_module_level=True)


def end_point_error(media: Path, backend) -> float:
    """Mean, px, of one pair of flying chairs."""
    place = media / "flow_gt" / "chairs_1"
    images = [cv2.cvtColor(cv2.imread(str(place / f"img{n}.png")), cv2.COLOR_BGR2RGB) for n in (0, 1)]
    raw = (place / "flow.flo").read_bytes()
    width, height = np.frombuffer(raw, np.int32, 2, 4)
    truth = np.frombuffer(raw, np.float32, offset=12).reshape(height, width, 2)
    found = backend.pairs(np.stack(images), np.array([[0, 1]]))[0].astype(float)
    return float(np.linalg.norm(found - truth, axis=-1).mean())


@pytest.mark.media
def test_it_is_as_good_as_its_weights(media):
    assert end_point_error(media, GmFlow()) < 1.5
    assert end_point_error(media, DisFlow("fast")) > 1.7


def test_the_contract_of_its_role():
    contracts.flow(GmFlow(), least_side_px=96, means_it=False)  # textures this small are none that it has learned
