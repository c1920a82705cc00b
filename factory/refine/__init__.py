"""Poses refined as Dynapo publishes it: gradient descent on short flow tracks, what is known to move left out."""
