"""Pictures that carry the number of their frame as bars, and a script that reads it off the page."""

import numpy as np
from numpy.typing import NDArray

BITS, BAR_PX, HEIGHT = 7, 32, 96
READ_PICTURE = (
    """
const canvas = document.createElement("canvas");
canvas.width = WIDTH;
canvas.height = HEIGHT;
const context = canvas.getContext("2d", { willReadFrequently: true });
const read = (shown) => {
  // The picture is in the middle of a stage that it does not fill.
  const width = shown.videoWidth || shown.naturalWidth || shown.width;
  const height = shown.videoHeight || shown.naturalHeight || shown.height;
  const scale = Math.min(width / canvas.width, height / canvas.height);
  const [across, down] = [canvas.width * scale, canvas.height * scale];
  const place = [(width - across) / 2, (height - down) / 2, across, down];
  context.drawImage(shown, ...place, 0, 0, canvas.width, canvas.height);
  const bar = canvas.width / BITS;
  let number = 0;
  for (let i = 0; i < BITS; i++) {
    const pixel = context.getImageData((i + 0.5) * bar, canvas.height / 2, 1, 1).data;
    number = number * 2 + (pixel[0] > 127);
  }
  return number;
};
""".replace("BITS", str(BITS))
    .replace("WIDTH", str(BITS * BAR_PX))
    .replace("HEIGHT", str(HEIGHT))
)
"""JavaScript that names ``read``: the number in a video, picture or canvas."""
READ = f"""{READ_PICTURE}
const player = document.querySelector("efface-player");
const video = player.querySelector("video");
"""
"""The same on the review page, with its ``player`` and ``video``."""


def numbered_picture(number: int) -> NDArray[np.uint8]:
    """A picture (height, width, 3) with the bits of a number as white and black bars."""
    bits = [(number >> (BITS - 1 - i)) & 1 for i in range(BITS)]
    row = np.repeat(np.array(bits, np.uint8) * 255, BAR_PX)
    return np.ascontiguousarray(np.broadcast_to(row[None, :, None], (HEIGHT, len(row), 3)))
