import hashlib

import pytest

from factory.errors import ConfigError, GoneError
from factory.models.weights import hold_weights
from factory.storage.open import place_of


@pytest.mark.parametrize("where", ["local", "s3"])
def test_weights_are_taken_from_a_place_of_one_s_own_and_compared(request, where, tmp_path):
    root = request.getfixturevalue("bucket") if where == "s3" else str(tmp_path / "weights")
    content = bytes(range(256)) * 1000
    place_of(root).write(f"{root}/raft.pth", content)
    digest = hashlib.sha256(content).hexdigest()
    held = hold_weights(f"{root}/raft.pth", digest[:8], str(tmp_path / "cache"), 1.0)
    assert held.path.read_bytes() == content
    held.release()
    with pytest.raises(ConfigError, match="holds other weights"):
        hold_weights(f"{root}/raft.pth", "00000000", str(tmp_path / "cache"), 1.0)
    with pytest.raises(GoneError):
        hold_weights(f"{root}/none.pth", digest[:8], str(tmp_path / "cache"), 1.0)
