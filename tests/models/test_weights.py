"""Sets of weights: the catalogue, where they are looked for, and that no other content is taken for one."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from factory.errors import ConfigError
from factory.models import weights
from factory.models.weights import (
    NONE,
    SUMS,
    WeightFile,
    WeightSet,
    WeightStore,
    check_weights,
    state_of,
    weight_set,
    weight_sets,
)
from factory.storage.open import place_of

CONTENT = bytes(range(256)) * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def sets(monkeypatch):
    """The catalogue in which tests write."""
    found: dict[str, WeightSet] = {}
    monkeypatch.setattr(weights, "weight_sets", lambda: found)
    return found


def one(sha256: str = DIGEST, **changes) -> WeightSet:
    return WeightSet("flow=mine", "MIT", (WeightFile("net.pth", 1.0, sha256),), **changes)


@pytest.mark.parametrize("where", ["local", "s3"])
def test_a_set_is_taken_from_a_place_of_one_s_own_and_compared(request, where, tmp_path, sets):
    root = request.getfixturevalue("bucket") if where == "s3" else str(tmp_path / "weights")
    store = WeightStore(root, str(tmp_path / "cache"), 1.0)
    sets["mine"] = one()
    with pytest.raises(ConfigError, match=r"weights mine are not in .*fetch mine --at"), store.held("mine"):
        pass
    assert store.missing("mine") == ["net.pth"]
    place_of(root).write(f"{root}/mine/net.pth", CONTENT)
    assert store.missing("mine") == []
    with store.held("mine") as folder:
        assert (folder / "net.pth").read_bytes() == CONTENT
    sets["mine"] = one(DIGEST[:8])
    with store.held("mine"):
        pass
    sets["mine"] = one("0" * 64)
    with pytest.raises(ConfigError, match=f"cut or holds others .*{DIGEST[:12]}, not 0000"), store.held("mine"):
        pass


def test_a_cut_file_is_told_in_one_sentence(tmp_path, sets):
    sets["mine"] = one()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "net.pth").write_bytes(CONTENT[:-1])
    with pytest.raises(ConfigError, match="cut or holds others"), WeightStore(str(tmp_path)).held("mine"):
        pass


def test_what_nobody_has_said_is_compared_with_what_was_noted(tmp_path, sets):
    sets["mine"] = one("")
    path = tmp_path / "mine" / "net.pth"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    store = WeightStore(str(tmp_path))
    with pytest.raises(ConfigError, match=f"nothing says what net.pth .* write {SUMS}"), store.held("mine"):
        pass
    (path.parent / SUMS).write_text(f"{DIGEST}  net.pth\n")  # as sha256sum writes it
    with store.held("mine"):
        pass
    path.write_bytes(CONTENT[1:])
    with pytest.raises(ConfigError, match="cut or holds others"), store.held("mine"):
        pass


def test_a_set_of_one_s_own_is_what_its_sums_list(tmp_path):
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "net.pth").write_bytes(CONTENT)
    with pytest.raises(ConfigError, match="no weights are called 'tuned'"), WeightStore(str(tmp_path)).held("tuned"):
        pass
    (tmp_path / "tuned" / SUMS).write_text(f"{DIGEST} *net.pth\n{'0' * 64}  {SUMS}\n")  # `sha256sum *` a second time
    with WeightStore(str(tmp_path)).held("tuned") as folder:
        assert [path.name for path in folder.iterdir()] == ["net.pth"]
    (tmp_path / "tuned" / SUMS).write_text(f"{DIGEST}  ../net.pth\n")
    with pytest.raises(ConfigError, match="leads out"), WeightStore(str(tmp_path)).held("tuned"):
        pass


def test_all_that_is_missing_is_told_at_once_and_before_anything_runs(tmp_path, sets):
    @dataclass
    class Model:
        weights: str
        store: WeightStore

    sets["one"], sets["other"], sets["third"] = one(), one(), one()
    store = WeightStore(str(tmp_path))
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "net.pth").write_bytes(CONTENT)
    models = [Model(name, store) for name in ("one", "other", "third", NONE)]
    with pytest.raises(ConfigError, match=rf"one, other are not in .*fetch one other --at {tmp_path}"):
        check_weights(models, here=True)
    check_weights(models, here=False)  # on other machines: theirs may have them
    check_weights([object(), models[2], models[3]], here=True)
    with pytest.raises(ConfigError, match="no weights are called 'nobody'"):
        check_weights([Model("nobody", store)], here=True)


def test_the_catalogue_says_where_each_set_comes_from_and_under_which_licence():
    assert {"raft_large", "raft_small"} <= set(weight_sets())
    for name, wanted in weight_sets().items():
        assert wanted.licence, name
        assert wanted.backend, name
        for file in wanted.files:
            assert file.url.startswith("https://"), name
            assert all(letter in "0123456789abcdef" for letter in file.sha256), name
            assert not Path(file.name).is_absolute(), name
            assert ".." not in Path(file.name).parts, name
    with pytest.raises(ConfigError, match=r"raft_lage.*did you mean raft_large"):
        weight_set("raft_lage")


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    torch = pytest.importorskip("torch", reason="the extra `models` is not installed: pip install '.[models]'")
    torch.save({"weight": torch.ones(2)}, tmp_path / "net.pth")
    assert state_of(tmp_path)["weight"].tolist() == [1, 1]
    torch.save({"weight": Path("x")}, tmp_path / "net.pth")
    with pytest.raises(ConfigError, match="more than tensors"):
        state_of(tmp_path)
