"""Places and actors. A place is a function of a generator and of who acts in it; an actor is a tuple of bodies."""

from factory.synth.sets.actors import balloon, walker
from factory.synth.sets.room import courtyard, room

__all__ = ["balloon", "courtyard", "room", "walker"]
