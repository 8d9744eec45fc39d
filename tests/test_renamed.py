"""Former spellings of public names still work, and say what to write instead."""

import pytest

import flawflow.errors
import flawflow.inspection.evaluate
from flawflow import Inspector
from flawflow.errors import FlawflowError, ImageError, ImageTooLargeError
from flawflow.inspection.evaluate import ImageResult, ModelEvaluation
from flawflow.renamed import renamed_attribute


def test_errors_are_caught_by_their_former_names():
    with pytest.warns(DeprecationWarning, match=r"flawflow\.errors\.PictureError is now called ImageError"):
        assert flawflow.errors.PictureError is ImageError
    with pytest.warns(DeprecationWarning, match="ImageTooLargeError"):
        from flawflow.errors import PictureTooLargeError
    assert PictureTooLargeError is ImageTooLargeError
    assert issubclass(PictureTooLargeError, FlawflowError)


def test_a_result_is_found_by_its_former_name():
    with pytest.warns(DeprecationWarning, match="ImageResult"):
        assert flawflow.inspection.evaluate.PictureResult is ImageResult


def test_a_name_that_never_was_is_refused():
    with pytest.raises(AttributeError, match=r"'flawflow\.errors' has no attribute 'ColourError'"):
        flawflow.errors.ColourError  # noqa: B018


def test_attributes_are_read_by_their_former_names():
    evaluation = object.__new__(ModelEvaluation)
    object.__setattr__(evaluation, "images", ("one",))
    with pytest.warns(DeprecationWarning, match=r"ModelEvaluation\.pictures is now called images"):
        assert evaluation.pictures == ("one",)


def test_the_warning_points_at_the_caller():
    class Result:
        new = 3
        old = renamed_attribute("old", "new")

    with pytest.warns(DeprecationWarning, match="old") as caught:
        assert Result().old == 3
    assert caught[0].filename == __file__


def test_an_inspector_gives_its_image_by_the_former_name(tiny_model):
    inspector = Inspector.load(tiny_model)
    source = tiny_model.parent / "image.png"
    from PIL import Image

    Image.new("RGB", (8, 8), "white").save(source)
    expected, image = inspector.inspect_with_image(source)
    with pytest.warns(DeprecationWarning, match="inspect_with_image"):
        found, same = inspector.inspect_with_picture(source)
    assert (found.score == expected.score, (same == image).all()) == (True, True)
