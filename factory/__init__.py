"""factory: internet video in, training data with geometry out."""

__version__ = "0.1.0"
