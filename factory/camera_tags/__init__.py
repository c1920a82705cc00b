"""How a person would call what the camera does: pan, tilt, roll, dolly, truck, pedestal, orbit, zoom, hand-held."""
