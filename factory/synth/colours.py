"""Words for colours, by which people tell one thing from another."""

import numpy as np

from factory.synth.textures import Texture

# Hue in degrees up to which a word holds. All bounds here are guesses at what people say.
HUES = ((14, "red"), (42, "orange"), (68, "yellow"), (165, "green"), (198, "turquoise"), (262, "blue"), (325, "purple"))
LEAST_CHROMA = 0.16  # (most - least) / most of a colour that has a name
DARK, LIGHT = 70, 185  # grey levels of what is called so


def colour_word(texture: Texture) -> str:
    """What people call the mean colour of a texture: "red", "grey", "dark green", "white"."""
    red, green, blue = (float(value) for value in texture.image.reshape(-1, 3).mean(axis=0))
    most, least = max(red, green, blue), min(red, green, blue)
    if most - least < LEAST_CHROMA * most:
        return "black" if most < DARK else "white" if least > LIGHT else "grey"
    hue_deg = float(np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue))) % 360
    word = next((name for up_to, name in HUES if hue_deg <= up_to), "red")
    return f"dark {word}" if most < DARK else word
