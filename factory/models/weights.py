"""Weights of a learned model from a place of one's own, for workers without a way out: a folder or a bucket."""

import hashlib

from factory.errors import ConfigError
from factory.storage.cache import Held, SourceCache


def hold_weights(uri: str, sha256: str, cache_dir: str | None) -> Held:
    """The file on this machine, in the node's cache where it comes from a bucket; to be released once it is loaded.

    sha256: what the hexadecimal SHA-256 of the file begins with. Raises ConfigError when it does not, and StorageError
    when the file cannot be read.
    """
    held = SourceCache(cache_dir).hold(uri)
    with held.path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    if not digest.hexdigest().startswith(sha256):
        held.release()
        found = digest.hexdigest()[:12]
        raise ConfigError(f"{uri} holds other weights (SHA-256 {found}, not {sha256}): copy them anew.")
    return held
