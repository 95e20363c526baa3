"""Still pictures: takes a JPEG, PNG or WebP file; gives upright planes to edit, and writes them back alike.

Pillow is opened here and nowhere else. Must hold: the size is checked before a pixel is decoded; an output is
built from pixels and colour blocks alone, so no place, name, thumbnail or second picture of the source
survives. Places and names do when asked for; pictures inside the picture never do.
"""

from efface.media.image.decode import MAX_PIXELS, probe_image, read_image
from efface.media.image.document import ImageDocument
from efface.media.image.encode import encode_image, write_image
from efface.media.image.structure import ImageFormat, image_format

__all__ = [
    "MAX_PIXELS",
    "ImageDocument",
    "ImageFormat",
    "encode_image",
    "image_format",
    "probe_image",
    "read_image",
    "write_image",
]
