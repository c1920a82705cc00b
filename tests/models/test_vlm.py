"""A language model behind a real HTTP server that speaks the protocol, and what its replies are worth."""

import json
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.errors import ConfigError, ModelBudgetError, ModelError
from factory.models.network import Call, Pool, answers
from factory.models.roles import Told
from factory.models.vlm_reply import Token, probabilities, share_of_yes, single, task
from factory.models.vlm_server import ServedTeller, ServedVlm
from tests.models import contracts
from tests.models.contracts import textured
from tests.seer import Server, seeing, tokens_of

QUESTIONS = ("Is it drawn?", "Does anything move?", "Are there children?")


@pytest.fixture
def server() -> Iterator[Server]:
    with seeing() as told:
        yield told


@pytest.fixture
def vlm(server, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    monkeypatch.setattr("openai._base_client.MAX_RETRY_DELAY", 0.05)
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)

    def made(**settings) -> ServedVlm:
        common = {"url": server.url, "model": "seer", "key_from": "OPENAI_API_KEY"}
        return ServedVlm(**{**common, "cache_at": str(tmp_path / "replies"), **settings})

    return made


def test_the_contract_of_its_role(vlm, server):
    server.reply = '{"1": "yes", "2": "no"}'
    contracts.vlm(vlm())


def test_the_contract_of_a_teller(server, tmp_path):
    server.reply = " A dog runs.\n"
    teller = ServedTeller(url=server.url, model="seer", cache_at=str(tmp_path))
    contracts.teller(teller)
    assert teller.tell(textured(1, 64, 96), "Describe it.") == Told("A dog runs.", 1000, 100, 0.0)
    server.reply = None
    assert teller.tell(textured(1, 64, 96), "Describe it otherwise.").text == ""


def test_answers_are_probabilities_where_the_server_gives_them(vlm, server):
    found = vlm().ask(textured(2, 64, 96), QUESTIONS)
    np.testing.assert_allclose(found, [0.9, 0.9, np.nan], atol=1e-4)
    (asked,) = server.requests
    pictures, words = asked["messages"][0]["content"][:-1], asked["messages"][0]["content"][-1]["text"]
    assert len(pictures) == 2
    assert pictures[0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert all(question in words for question in QUESTIONS)
    assert asked["response_format"]["json_schema"]["schema"]["required"] == ["1", "2", "3"]
    assert asked["temperature"] == 0


def test_they_are_0_or_1_where_it_does_not(vlm, server):
    np.testing.assert_array_equal(vlm(weighed=False).ask(textured(1, 64, 96), QUESTIONS), [1, 0, np.nan])
    server.yes = None  # asked for, and not given
    np.testing.assert_array_equal(vlm().ask(textured(1, 64, 96), QUESTIONS), [1, 0, np.nan])


@pytest.mark.parametrize(
    "reply", [None, "", "I see a dog.", '{"1": "yes"', '["yes"]', '{"1": 1, "2": {}, "3": "maybe"}']
)
def test_refusals_and_malformed_replies_are_abstentions(vlm, server, reply):
    server.reply = reply
    assert np.isnan(vlm().ask(textured(1, 64, 96), QUESTIONS)).all()


def test_a_reply_is_asked_for_once_and_known_by_all_that_changes_it(vlm, server):
    frames = textured(2, 64, 96)
    first = vlm().ask(frames, QUESTIONS)
    np.testing.assert_array_equal(vlm().ask(frames, QUESTIONS), first)  # another process
    assert len(server.requests) == 1
    vlm().ask(frames, QUESTIONS[:2])
    vlm().ask(frames[:1], QUESTIONS)
    vlm(weighed=False).ask(frames, QUESTIONS)
    assert len(server.requests) == 4


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_refuses_for_the_moment_is_asked_again(vlm, server, status):
    server.statuses = [status, status]
    assert vlm().ask(textured(1, 64, 96), QUESTIONS)[0] > 0.5
    assert len(server.requests) == 3


def test_a_server_that_goes_on_refusing_is_told_of_in_one_sentence(vlm, server):
    server.statuses = [500] * 3
    with pytest.raises(ModelError, match=r"model seer does not answer: it fails \(HTTP 500\)"):
        vlm(tries=3).ask(textured(1, 64, 96), QUESTIONS)
    assert not server.statuses


def test_a_server_that_takes_too_long(vlm, server):
    server.wait_s = 1.0
    with pytest.raises(ModelError, match="does not answer in time"):
        vlm(timeout_s=0.2, tries=1).ask(textured(1, 64, 96), QUESTIONS)


def test_the_budget_is_kept(vlm, server):
    model = vlm(budget_usd=0.002, usd_per_million_in=1.0, usd_per_million_out=2.0)  # a request: 0.0012 $
    clips = [textured(1, 64, 96 + 8 * number) for number in range(3)]
    for frames in clips[:2]:
        model.ask(frames, QUESTIONS)
    with pytest.raises(ModelBudgetError, match=r"budget_usd=0.002 of the model seer is spent.*retry=failed"):
        model.ask(clips[2], QUESTIONS)
    assert model.ask(clips[0], QUESTIONS)[0] > 0.5  # what is known costs nothing
    other = vlm(budget_usd=0.002, usd_per_million_in=1.0, usd_per_million_out=2.0)  # another process, phase or run
    with pytest.raises(ModelBudgetError):
        other.ask(clips[2], QUESTIONS)
    with pytest.raises(ValueError, match="a budget needs the prices"):
        vlm(budget_usd=1.0)
    assert len(server.requests) == 2


def test_a_reply_that_was_broken_off_is_asked_for_again(vlm, server):
    frames, server.reply, server.finish = textured(1, 64, 96), '{"1": "ye', "length"
    assert np.isnan(vlm().ask(frames, QUESTIONS)).all()
    server.reply, server.finish = '{"1": "yes", "2": "no", "3": "no"}', "stop"
    assert vlm(weighed=True).ask(frames, QUESTIONS)[0] > 0.5


def test_clips_are_asked_about_at_once_and_each_gets_its_own(vlm, server):
    server.together = threading.Barrier(4)  # broken where one waits for another's answer
    model = vlm(pool=Pool(max_batch=4), tries=1)
    calls = [Call("ask", (textured(1, 64, 96 + 8 * number), tuple(map(str, QUESTIONS))), {}) for number in range(4)]
    assert all(found[0] > 0.5 for found in answers(model, calls))
    assert len(server.requests) == 4


def test_a_key_that_is_refused_ends_the_run_and_is_not_shown(vlm, server):
    server.key = "open"
    with pytest.raises(ConfigError, match=r"cannot be used: it refuses the key \(HTTP 401\)") as told:
        vlm().load()
    assert "sesame" not in str(told.value)
    with pytest.raises(ConfigError, match="cannot be reached"):
        vlm(url="http://127.0.0.1:9/v1", tries=1).load()
    server.key = None
    with pytest.raises(ConfigError, match="no model blind: it has seer"):
        vlm(model="blind").load()


@given(st.lists(st.sampled_from(["yes", "no", "unsure"]), min_size=1, max_size=12), st.floats(0.01, 0.99))
def test_any_answers_are_read(said, yes):
    reply = json.dumps({str(number): word for number, word in enumerate(said, 1)})
    tokens = [
        Token(each["token"], [(o["token"], o["logprob"]) for o in each["top_logprobs"]])
        for each in tokens_of(reply, yes)
    ]
    expected = [{"yes": yes, "no": yes, "unsure": np.nan}[word] for word in said]
    np.testing.assert_allclose(probabilities(reply, tokens, len(said)), expected, atol=1e-5)
    fenced = f"Here it is:\n```json\n{reply}\n```"
    hard = [{"yes": 1.0, "no": 0.0, "unsure": np.nan}[word] for word in said]
    np.testing.assert_array_equal(probabilities(fenced, [], len(said)), hard)


@given(st.text(max_size=80), st.integers(1, 5))
def test_no_reply_breaks_it(reply, count):
    assert probabilities(reply, [Token(reply, [])], count).shape == (count,)


def test_the_first_word_of_an_answer_is_weighed():
    assert share_of_yes(0.3, 0.1, 0.05) == pytest.approx(0.75)
    assert share_of_yes(0.0, 0.1, 0.05) == 0.0
    assert np.isnan(share_of_yes(0.02, 0.02, 0.05))
    assert np.isnan(share_of_yes(0.0, 0.0, 0.0))
    assert single(" Is it drawn? ").endswith("\nIs it drawn?\nAnswer yes or no.")


def test_the_questions_are_part_of_what_is_asked():
    assert task(QUESTIONS) != task(QUESTIONS[:2])
