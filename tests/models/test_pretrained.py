"""Networks of transformers, small and random: the contract of their role, and what the library itself answers."""

import json

import numpy as np
import pytest

from factory.errors import ConfigError, ModelError
from factory.models.network import Pool
from factory.models.weights import WeightStore
from tests.models import contracts
from tests.models.contracts import textured

pytest.importorskip("transformers", reason="the extra `models` is not installed: pip install '.[models]'")

import torch
import transformers

from factory.models.depth_anything import DepthAnything
from factory.models.depth_pro import DepthProDepth, DepthProIntrinsics
from factory.models.grounding_dino import GroundingDino
from factory.models.oneformer import OneFormer
from tests.models import tiny

SIZES = [(64, 96), (90, 51), (41, 120)]  # even, portrait, long and odd


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


def made(kind, make, place, **settings):
    return kind(weights=make(place), store=WeightStore(str(place)), device="cpu", **settings)


@pytest.fixture(scope="module")
def backends(place):
    return {
        "depth_anything": (contracts.depth, made(DepthAnything, tiny.depth_anything, place)),
        "depth_pro": (contracts.depth, made(DepthProDepth, tiny.depth_pro, place)),
        "depth_pro_focals": (contracts.intrinsics, made(DepthProIntrinsics, tiny.depth_pro, place)),
        "oneformer": (contracts.segmenter, made(OneFormer, tiny.oneformer, place)),
        "grounding_dino": (contracts.detector, made(GroundingDino, tiny.grounding_dino, place, least_score=0.0)),
    }


@pytest.mark.parametrize("name", ["depth_anything", "depth_pro", "depth_pro_focals", "oneformer", "grounding_dino"])
def test_a_backend_keeps_its_role_s_contract(name, backends):
    contract, backend = backends[name]
    contract(backend)


@pytest.mark.parametrize("name", ["depth_anything", "depth_pro_focals", "oneformer", "grounding_dino"])
def test_as_many_frames_as_a_clip_may_have(name, backends):
    contract, backend = backends[name]
    contract(backend, shapes=[contracts.MANY])


@pytest.mark.parametrize("size", SIZES)
def test_depth_is_that_of_the_library(size, place, backends):
    frames = textured(3, *size)
    folder = place / tiny.depth_anything(place)
    network = transformers.DepthAnythingForDepthEstimation.from_pretrained(folder).eval()
    processor = transformers.DPTImageProcessor.from_pretrained(folder)
    with torch.inference_mode():
        told = network(**processor(images=list(frames), return_tensors="pt"))
    theirs = [d["predicted_depth"] for d in processor.post_process_depth_estimation(told, [size] * 3)]
    ours = backends["depth_anything"][1].depth(frames)
    assert ours.kind == "affine_disparity"
    np.testing.assert_allclose(ours.values, np.stack(theirs), rtol=2e-3, atol=1e-4)
    metric = made(DepthAnything, lambda at: tiny.depth_anything(at, "metric"), place)
    assert metric.depth(frames).kind == "metric"


@pytest.mark.parametrize("size", SIZES)
def test_depth_in_metres_and_focal_lengths_are_those_of_the_library(size, place, backends):
    frames = textured(2, *size)
    folder = place / tiny.depth_pro(place)
    network = transformers.DepthProForDepthEstimation.from_pretrained(folder).eval()
    processor = transformers.DepthProImageProcessor.from_pretrained(folder)
    with torch.inference_mode():
        told = network(**processor(images=list(frames), return_tensors="pt"))
    theirs = processor.post_process_depth_estimation(told, [size] * 2)
    depth, focals = backends["depth_pro"][1], backends["depth_pro_focals"][1]
    np.testing.assert_allclose(depth.depth(frames).values, np.stack([d["predicted_depth"] for d in theirs]), rtol=2e-3)
    found = focals.focals(frames)
    np.testing.assert_allclose(found.focal_px, [float(d["focal_length"]) for d in theirs], rtol=1e-4)
    own = depth.depth(frames, found.focal_px).values.astype(float)
    np.testing.assert_allclose(own, depth.depth(frames).values, rtol=2e-3)
    twice = depth.depth(frames, 2 * found.focal_px).values.astype(float)
    free = (own > 1e-3) & (own < 4e3)
    np.testing.assert_allclose(twice[free], 2 * own[free], rtol=4e-3)  # twice as long a lens: all is twice as far


@pytest.mark.parametrize("size", SIZES)
def test_classes_are_those_of_the_library(size, place, backends, tmp_path):
    frames = textured(2, *size)
    folder = place / tiny.oneformer(place)
    network = transformers.OneFormerForUniversalSegmentation.from_pretrained(folder).eval()
    table = {str(number): {"isthing": 0, "name": name} for number, name in enumerate(tiny.CLASSES)}
    (tmp_path / "classes.json").write_text(json.dumps(table))
    processor = transformers.OneFormerImageProcessor(
        size={"shortest_edge": 64, "longest_edge": 256}, repo_path=str(tmp_path), class_info_file="classes.json"
    )
    tokens = transformers.CLIPTokenizer.from_pretrained(folder)(
        ["the task is semantic"] * 2, padding="max_length", max_length=77, return_tensors="pt"
    )
    given = processor(images=list(frames), task_inputs=["semantic"] * 2, return_tensors="pt")
    with torch.inference_mode():
        told = network(
            pixel_values=given["pixel_values"],
            pixel_mask=given["pixel_mask"],
            task_inputs=tokens["input_ids"] * tokens["attention_mask"],
        )
    theirs = np.stack(processor.post_process_semantic_segmentation(told, [size] * 2))
    names = ("dog", "person", "road")
    ours = backends["oneformer"][1].classes(frames, names)
    for number, label in enumerate(("dog", "person, individual", "road, route"), 1):
        assert np.array_equal(ours == number, theirs == tiny.CLASSES.index(label))
    with pytest.raises(ModelError, match="knows no class 'unicorn'"):
        backends["oneformer"][1].classes(frames, ("dog", "unicorn"))


def test_boxes_are_those_of_the_library_each_under_its_word(place, backends):
    frames = textured(2, 64, 96)
    folder = place / tiny.grounding_dino(place)
    network = transformers.GroundingDinoForObjectDetection.from_pretrained(folder).eval()
    processor = transformers.GroundingDinoProcessor(
        transformers.GroundingDinoImageProcessor.from_pretrained(folder),
        transformers.BertTokenizerFast.from_pretrained(folder),
    )
    given = processor(images=list(frames), text=["a person. dog."] * 2, return_tensors="pt")
    with torch.inference_mode():
        told = network(**given)
    theirs = processor.post_process_grounded_object_detection(told, given["input_ids"], 0.0, 0.0, [(64, 96)] * 2)
    found = backends["grounding_dino"][1].boxes(frames, ("A person.", "dog"))
    for number, each in enumerate(theirs):
        np.testing.assert_allclose(found.xyxy[found.frame == number], each["boxes"], atol=1e-3)
    likely = told.logits.sigmoid().numpy()  # [CLS] a person . dog . [SEP]
    per_word = np.stack([likely[..., 1:3].max(-1), likely[..., 4]], axis=-1).reshape(-1, 2)
    assert np.array_equal(found.word, per_word.argmax(1))
    np.testing.assert_allclose(found.score, per_word.max(1), atol=1e-5)
    assert len(backends["grounding_dino"][1].boxes(frames, ()).frame) == 0


@pytest.mark.parametrize("name", ["depth_anything", "oneformer"])
def test_a_batch_says_what_pictures_alone_say(name, backends):
    frames, backend = textured(5, 64, 96), backends[name][1]

    def ask(one):
        return one.depth(frames).values if name == "depth_anything" else one.classes(frames, ("dog",))

    alone = type(backend)(backend.weights, store=backend.store, device="cpu", pool=Pool(max_batch=1))
    np.testing.assert_allclose(ask(alone).astype(float), ask(backend).astype(float), atol=2e-3)


def test_weights_of_another_network_are_told_in_one_sentence(place):
    wrong = DepthAnything(tiny.oneformer(place), store=WeightStore(str(place)), device="cpu")
    with pytest.raises(ConfigError, match="weights tiny_oneformer are not of the model DepthAnything"):
        wrong.load()
