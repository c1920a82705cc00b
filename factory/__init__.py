"""factory: internet video in, training data with geometry out."""

import os

__version__ = "0.1.0"

# Arrow's allocator is to give back what is freed: 276 MB become 211 for 100 thousand clips (`tests.bench.scale`). It
# asks once, when pyarrow is imported.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "0")
# Nor is its first GB to count as taken before it is used: a worker's limit of memory would (factory.memory).
os.environ.setdefault("MIMALLOC_ARENA_EAGER_COMMIT", "0")
