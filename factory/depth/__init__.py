"""Depth of clips of one camera without a network, from known poses; with one, made consistent with them over time."""
