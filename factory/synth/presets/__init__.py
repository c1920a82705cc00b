"""What can be rendered: named sets of clips, and what truth of them."""

TRUTHS = ("depth", "flow", "instances")  # of each frame, on request

# Where a preset's clips(seed, photos) is: by name, a function that makes the clip. photos: picture files for walls.
PRESETS = {
    "sample": "factory.synth.sample",
    "lightspeed": "factory.synth.presets.lightspeed",
    "stereo": "factory.synth.presets.stereo",
    "vr180": "factory.synth.presets.vr180",
    "panda": "factory.synth.presets.panda",
    "stabilised": "factory.synth.presets.stabilised",
    "hard": "factory.synth.presets.hard",
}
