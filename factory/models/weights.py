"""Weights of a learned model from a place of one's own, for workers without a way out: a folder or a bucket."""

from factory.errors import ConfigError
from factory.storage.cache import Held, SourceCache
from factory.storage.digest import file_digest


def hold_weights(uri: str, sha256: str, cache_dir: str | None, cache_gb: float) -> Held:
    """The file on this machine, in the node's cache where it comes from a bucket; to be released once it is loaded.

    cache_dir, cache_gb: as `storage` has them, whose cache it is. sha256: what the hexadecimal SHA-256 of the file
    begins with. Raises ConfigError when it does not, and StorageError when the file cannot be read.
    """
    held = SourceCache(cache_dir, cache_gb).hold(uri)
    digest = file_digest(held.path)
    if not digest.startswith(sha256):
        held.release()
        raise ConfigError(f"{uri} holds other weights (SHA-256 {digest[:12]}, not {sha256}): copy them again.")
    return held
