"""The preparation ``rootsift``: a grey image for OpenCV's SIFT.

The same as ``how``, so that both extractors get images of the same sizes, except for two things that are usual with
OpenCV:

1. decode with Pillow to grey, which of a JPEG is its luma channel; the orientation of EXIF is ignored
2. crop a query to its box by truncation to whole pixels; black where the box leaves the image
3. shrink with Pillow's thumbnail (Lanczos) by the factor that reduces the longer side of the *whole* image to
   image_size; smaller images are left as they are

There is no published preparation of this baseline; the numbers of ASMK with RootSIFT differ with it.
"""

from reprise.images.boxes import Box, BoxUse
from reprise.images.preparations import Orientation, Size
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource
from reprise.images.thumbnails import cut_and_shrink

EXIF = "ignore"


def prepare(
    image: ImageSource,
    box: Box | None = None,
    image_size: int | None = None,
    *,
    box_use: BoxUse = "crop",
    forced_size: Size | None = None,
    orientation: Orientation = "ignore",
) -> PreparedImage:
    """Prepare an image for SIFT.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        box: (x1, y1, x2, y2) in pixels of the query; None: the whole image
        image_size: longer side of the whole image in pixels; None keeps images as they are
        box_use: "crop", or "filter": the whole image is prepared, and only keypoints in the box are kept
        forced_size: (width, height) to which the whole image is resized first, whatever its shape; not published
        orientation: what is done with a file that EXIF says is to be rotated: ``refuse``, ``ignore`` or ``apply``

    Returns:
        an image with pixels (H, W) uint8 grey

    Raises:
        DataError: see :func:`reprise.images.thumbnails.cut_and_shrink`
    """
    return cut_and_shrink(
        image, box, image_size, "L", whole=int, box_use=box_use, forced_size=forced_size, orientation=orientation
    )
