"""Language models of transformers, small and random: the contracts of their roles, and what the library answers."""

import shutil

import numpy as np
import pytest

from factory.cli import main as factory
from factory.errors import ConfigError
from factory.manifest.read import read_phase
from factory.models.vlm_reply import single
from factory.models.weights import WeightStore
from factory.storage.output import Storage
from factory.synth.sample import render_sample
from factory.video import shrink
from tests.models import contracts
from tests.models.contracts import textured

pytest.importorskip("transformers", reason="the extra `models` is not installed: pip install '.[models]'")

import torch
import transformers

from factory.models.vlm_local import LocalTeller, LocalVlm
from tests.models import tiny, tiny_vlm

FAMILIES = {"qwen2.5": tiny_vlm.qwen2_5, "qwen3": tiny_vlm.qwen3}
QUESTIONS = ("Is it drawn?", "Does anything move, yes or no?", "Are there children in it?")
SHAPES = [(2, 64, 96), (1, 90, 51), (5, 41, 120), (3, 37, 700)]  # even; one, portrait; odd; wider than `side_px`


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module", params=FAMILIES)
def weights(request, place):
    return FAMILIES[request.param](place)


def made(kind, place, weights, **settings):
    return kind(weights=weights, store=WeightStore(str(place)), device="cpu", **settings)


@pytest.fixture(scope="module")
def vlm(place, weights):
    return made(LocalVlm, place, weights, least_said=0.0)


@pytest.fixture(scope="module")
def library(place, weights):
    folder = place / weights
    network = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    return network, transformers.AutoProcessor.from_pretrained(folder)


def asked(processor, frames, words):
    content = [*({"type": "image", "image": frame} for frame in frames), {"type": "text", "text": words}]
    told = {"tokenize": True, "return_dict": True, "return_tensors": "pt"}
    return processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True, **told)


def of_the_library(library, frames, question):
    """Probability of yes, and of either word, from one whole call."""
    network, processor = library
    with torch.inference_mode():
        likely = network(**asked(processor, frames, single(question))).logits[0, -1].double().softmax(-1)
    words = [processor.tokenizer.decode([number]).strip().lower() for number in range(len(processor.tokenizer))]
    yes, no = (sum(float(likely[n]) for n, text in enumerate(words) if text == word) for word in ("yes", "no"))
    assert sum(text == "yes" for text in words) == 3  # yes, Yes, and behind a space
    return yes / (yes + no), yes + no


def test_the_contracts_of_their_roles(vlm, place, weights):
    contracts.vlm(vlm)
    contracts.teller(made(LocalTeller, place, weights, most_tokens=20))


@pytest.mark.parametrize("shape", SHAPES)
def test_answers_are_those_of_the_library(shape, vlm, library):
    frames = textured(*shape)
    shown = frames if shape[2] <= 512 else [shrink(frame, 512) for frame in frames]
    expected = [of_the_library(library, shown, question)[0] for question in QUESTIONS]
    found = vlm.ask(frames, QUESTIONS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert len(set(expected)) == len(QUESTIONS)  # the questions are heard
    other = vlm.ask(255 - frames, QUESTIONS)
    assert np.abs(other - found).max() > 1e-4  # and the pictures seen


def test_a_question_is_answered_alone_as_in_company(vlm):
    frames = textured(2, 64, 96)
    found = vlm.ask(frames, QUESTIONS)
    for number, question in enumerate(QUESTIONS):
        np.testing.assert_array_equal(vlm.ask(frames, (question,)), found[number : number + 1])
    np.testing.assert_array_equal(vlm.ask(frames, QUESTIONS[::-1]), found[::-1])


def test_no_questions_are_no_answers(vlm):
    found = vlm.ask(textured(1, 64, 96), ())
    assert (found.shape, found.dtype) == ((0,), np.float32)


def test_it_abstains_where_it_would_say_something_else(vlm, library, place, weights):
    frames = textured(2, 64, 96)
    said = [of_the_library(library, frames, question)[1] for question in QUESTIONS]
    least = float(np.sort(said)[:2].mean())  # between the least and the next
    found = made(LocalVlm, place, weights, least_said=least).ask(frames, QUESTIONS)
    np.testing.assert_array_equal(np.isnan(found), np.array(said) < least)
    np.testing.assert_array_equal(found[~np.isnan(found)], vlm.ask(frames, QUESTIONS)[~np.isnan(found)])


def test_a_telling_is_that_of_the_library(place, weights, library):
    frames, (network, processor) = textured(2, 64, 96), library
    given = asked(processor, frames, "Describe it.")
    told = network.generate(**given, max_new_tokens=12, do_sample=False, repetition_penalty=1.0)[
        :, given["input_ids"].shape[1] :
    ]
    expected = processor.batch_decode(told, skip_special_tokens=True)[0].strip()
    said = made(LocalTeller, place, weights, most_tokens=12).tell(frames, " Describe it.\n")
    assert said.text == expected != ""
    assert (said.tokens_in, said.tokens_out) == (given["input_ids"].shape[1], told.shape[1])


def test_weights_of_another_network_are_told_in_one_sentence(place):
    with pytest.raises(ConfigError, match="weights tiny_oneformer are not of the model LocalVlm"):
        made(LocalVlm, place, tiny.oneformer(place)).load()


def test_weights_without_words_or_a_template(place, weights, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("factory.models.vlm_local.YES", "certainly")
        with pytest.raises(ConfigError, match="no single token for yes"):
            made(LocalVlm, place, weights).load()
    shutil.copytree(place / weights, tmp_path / "mute")
    (tmp_path / "mute" / "chat_template.jinja").unlink()
    mute = tiny.sealed(tmp_path / "mute")
    with pytest.raises(ConfigError, match="weights mute are not of the model LocalTeller: they lack a chat template"):
        made(LocalTeller, tmp_path, mute).load()


def test_a_run_asks_it_about_a_clip(tmp_path, place):
    render_sample(tmp_path / "sample", only=("good",), seconds=2.5)
    model = [f"vlm.weights={tiny_vlm.qwen3(place)}", f"storage.weights_at={place}", "device=cpu", "vlm.least_said=0"]
    words = [f"source={tmp_path / 'sample'}", "engine=inline", "pipeline.phases=[ingest,filter]", "vlm=local", *model]
    assert factory(["run", *words, f"output={tmp_path / 'out'}"]) == 0
    (row,) = read_phase(Storage.at(tmp_path / "out"), "filter").to_pylist()
    assert row["status"] in ("ok", "rejected"), row["error"]
    assert all(0 < row[name] < 1 for name in ("vlm_static", "vlm_zoomed", "vlm_vehicle"))
