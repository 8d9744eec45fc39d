"""What good looks like around the regions of a picture, as pages show it."""

import base64
from dataclasses import dataclass

from flawflow.images.encode import jpeg_of
from flawflow.inspection.explain import Explanation
from flawflow.inspection.inspection import Inspection

TITLE = "What good looks like here"
HERE, NEAREST, LIKELIEST = "this picture", "the nearest good one", "what the flows find likeliest"

# A page has room for so many regions of a picture.
_MOST_REGIONS = 2
_JPEG_QUALITY = 85


@dataclass(frozen=True)
class Pane:
    """One of the pictures that are shown side by side.

    Attributes:
        caption: What it is.
        jpeg: Its pixels, at the model's resolution.
        picture: The name of the training image that it is of; empty for the inspected picture.
        aspect: Width by height, in pixels of the inspected picture.
    """

    caption: str
    jpeg: bytes
    picture: str
    aspect: float

    @property
    def source(self) -> str:
        """Its pixels as a data: URI."""
        return f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"


def panes_of(inspection: Inspection, most: int = _MOST_REGIONS) -> tuple[tuple[Pane, ...], ...]:
    """The panes of each region, the highest first; none of a picture that is OK, or cannot be explained.

    Args:
        inspection: Of the picture.
        most: Regions to explain at most.
    """
    if inspection.explainer is None or inspection.verdict == "OK":
        return ()
    found = inspection.explainer(inspection.regions[:most], inspection.size)
    return tuple(panes(explanation) for explanation in found)


def panes(explanation: Explanation) -> tuple[Pane, ...]:
    """What is shown of one region: the picture there, and good patches beside it."""
    left, top, right, bottom = explanation.box
    aspect = (right - left) / max(bottom - top, 1)
    good = [(NEAREST, explanation.nearest), (LIKELIEST, explanation.likeliest)]
    return (
        Pane(HERE, jpeg_of(explanation.image, _JPEG_QUALITY), "", aspect),
        *(
            Pane(caption, jpeg_of(each.image, _JPEG_QUALITY), each.picture, aspect)
            for caption, each in good
            if each is not None
        ),
    )
