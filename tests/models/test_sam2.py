"""SAM 2: windows on masks whose motion is known, and the adapter against the package on the same pictures."""

import numpy as np
import pytest

from factory.errors import ConfigError
from factory.models.roles import Prompt
from factory.models.sam2 import Sam2
from factory.models.sam2_windows import followed
from factory.models.weights import WeightStore
from tests.models import contracts, tiny
from tests.models.contracts import textured

HEIGHT, WIDTH = 24, 90
STEP_PX = 2  # a frame, of what moves here
missing = "the extra `models` is not installed: pip install '.[models]'"


def square(left: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[8:16, left : left + 8] = True
    return mask


class Mover:
    """Follows masks right by two pixels a frame, each from the nearest of its prompts; keeps what it was asked."""

    def __init__(self, sees: bool = True) -> None:
        self.sees = sees
        self.asked: list[tuple[int, list[tuple[int, int]], bool]] = []

    def __call__(self, frames, prompts, reverse):
        self.asked.append((len(frames), [(p.object_id, p.frame) for p in prompts], reverse))
        ids = sorted({p.object_id for p in prompts})
        for number in range(len(frames)):
            masks = []
            for each in ids:
                near = min((p for p in prompts if p.object_id == each), key=lambda p: abs(p.frame - number))
                masks.append(np.roll(near.mask, STEP_PX * (number - near.frame), axis=1) & self.sees)
            yield number, ids, np.stack(masks)


@pytest.mark.parametrize("window", [1, 2, 4, 7, 64])
def test_objects_are_followed_both_ways_across_windows(window):
    run = Mover()
    prompts = [Prompt(9, 11, mask=square(30)), Prompt(4, 3, mask=square(6))]
    found = followed(np.zeros((20, HEIGHT, WIDTH, 3), np.uint8), prompts, window, run)
    assert np.array_equal(found[0], [square(6 + STEP_PX * (f - 3)) for f in range(20)])
    assert np.array_equal(found[1], [square(30 + STEP_PX * (f - 11)) for f in range(20)])
    assert max(frames for frames, _, _ in run.asked) <= max(window, 2)


def test_a_later_prompt_corrects_from_there_on():
    prompts = [Prompt(4, 0, mask=square(6)), Prompt(4, 12, mask=square(60))]
    found = followed(np.zeros((16, HEIGHT, WIDTH, 3), np.uint8), prompts, 4, Mover())
    assert np.array_equal(found[0, 9], square(6 + STEP_PX * 9))
    assert np.array_equal(found[0, 12], square(60))
    assert np.array_equal(found[0, 15], square(60 + STEP_PX * 3))


def test_an_object_that_is_lost_is_given_up_until_it_is_prompted_again():
    run = Mover(sees=False)
    prompts = [Prompt(1, 0, mask=square(5)), Prompt(1, 10, mask=square(5))]
    followed(np.zeros((14, HEIGHT, WIDTH, 3), np.uint8), prompts, 4, run)
    assert run.asked == [(4, [(1, 0)], False), (4, [(1, 1)], False)]  # frames 0-3 and 9-12; nothing between


@pytest.mark.parametrize("window", [2, 5, 64])
def test_what_is_seen_in_the_last_frame_alone(window):
    found = followed(np.zeros((9, HEIGHT, WIDTH, 3), np.uint8), [Prompt(1, 8, mask=square(30))], window, Mover())
    assert np.array_equal(found[0], [square(30 + STEP_PX * (f - 8)) for f in range(9)])


def test_a_clip_of_one_frame():
    found = followed(np.zeros((1, HEIGHT, WIDTH, 3), np.uint8), [Prompt(1, 0, mask=square(5))], 8, Mover())
    assert np.array_equal(found[0, 0], square(5))


def small(**changes) -> Sam2:
    pytest.importorskip("sam2", reason=missing)
    return Sam2(**{"size": "tiny", "weights": "none", "side_px": 128, "device": "cpu", **changes})


def test_the_contract_of_its_role():
    contracts.video_masks(small(window=3))
    assert small().propagate(textured(2, 30, 50), []).shape == (0, 2, 30, 50)


@pytest.mark.parametrize("size", [(64, 96), (90, 51)])
def test_masks_are_those_of_the_package(size, tmp_path):
    torch = pytest.importorskip("torch", reason=missing)
    from PIL import Image

    backend = small(window=16)
    for number, frame in enumerate(textured(4, *size, shift_px=2)):
        Image.fromarray(frame).save(tmp_path / f"{number}.jpg", quality=95)
    frames = np.stack([np.asarray(Image.open(tmp_path / f"{number}.jpg")) for number in range(4)])
    box, mask = np.array([10, 10, 40, 40], np.float32), frames[1, ..., 0] > 120
    ours = backend.propagate(frames, [Prompt(3, 0, box=box), Prompt(5, 1, mask=mask)])

    from sam2 import sam2_video_predictor as theirs
    from sam2.utils.misc import load_video_frames

    theirs.load_video_frames = load_video_frames  # as it was before ours
    network = backend._network
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        state = network.init_state(str(tmp_path))
        network.add_new_points_or_box(state, 0, 3, box=box)
        network.add_new_mask(state, 1, 5, mask)
        for number, ids, scores in network.propagate_in_video(state):
            for place, object_id in enumerate(ids):
                if number >= (0, 1)[place]:
                    assert np.array_equal(ours[place, number], (scores[place, 0] > 0).numpy()), (number, object_id)


def test_weights_of_another_size_are_refused(tmp_path):
    torch = pytest.importorskip("torch", reason=missing)
    small().load()
    (tmp_path / "mine").mkdir()
    torch.save({"model": {"nothing": torch.zeros(1)}}, tmp_path / "mine" / "net.pt")
    tiny.sealed(tmp_path / "mine")
    with pytest.raises(ConfigError, match=r"weights mine are not of SAM 2.1 with size=tiny"):
        small(weights="mine", store=WeightStore(str(tmp_path))).load()


def test_the_configuration_is_composed_although_the_package_has_claimed_hydra():
    pytest.importorskip("sam2", reason=missing)
    from factory.commands.compose import configured

    assert configured(["source=x", "output=y"]).engine == "ray"
