"""factory: internet video in, training data with geometry out."""

import os

__version__ = "0.1.0"

# Arrow's allocator is to give back what is freed: 276 MB become 211 for 100 thousand clips (`tests.bench.scale`). It
# asks once, when pyarrow is imported.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "0")
