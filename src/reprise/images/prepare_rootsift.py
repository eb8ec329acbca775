"""The preparation ``rootsift``: a grey image for OpenCV's SIFT.

As ``how``, so that the two see the same sizes, but for two things that are the custom with OpenCV:

1. decode with Pillow to grey, which of a JPEG is its luma channel; the orientation of EXIF is ignored
2. cut a query to its box by truncation to whole pixels; black where the box leaves the image
3. shrink with Pillow's thumbnail (Lanczos) by what brings the longer side of the *whole* image to image_size;
   smaller images are left as they are

There is no published preparation of this baseline; the numbers of ASMK with RootSIFT differ with it.
"""

from reprise.images.boxes import Box, BoxUse
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource
from reprise.images.thumbnails import cut_and_shrink


def prepare(
    image: ImageSource, box: Box | None = None, image_size: int | None = None, *, box_use: BoxUse = "crop"
) -> PreparedImage:
    """Prepare an image for SIFT.

    Args:
        image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
        box: (x1, y1, x2, y2) in pixels of the query; None: the whole image counts
        image_size: longer side of the whole image in pixels; None keeps images as they are
        box_use: "crop", or "filter": the whole image is prepared, and keypoints in the box count

    Returns:
        (H, W) uint8 grey

    Raises:
        DataError: see :func:`reprise.images.thumbnails.cut_and_shrink`
    """
    return cut_and_shrink(image, box, image_size, "L", whole=int, box_use=box_use)
