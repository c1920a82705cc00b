"""What a run has made, for programs: an output opened, its clips one by one, windows of them for training.

opened     an output: phases as tables, clips by id
result     one clip: pictures, poses, camera, masks, tracks, points
pictures   some of its frames, decoded
windows    a data set for training, of windows of clips
stream     the same through Ray Data
"""

from factory.data.opened import Output
from factory.data.result import ClipResult
from factory.data.windows import ClipDataset

__all__ = ["ClipDataset", "ClipResult", "Output"]
