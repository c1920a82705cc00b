"""The dynamic prior (Dynapo): which objects of a clip move, told by language or found among its tracks, as masks."""
