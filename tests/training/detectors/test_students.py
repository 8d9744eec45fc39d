"""Students of the encoder: STFPM and Uninformed Students."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from flawflow.recipe.related_options import StfpmOptions, StudentsOptions
from flawflow.training.detectors.feature_fusion import product
from flawflow.training.detectors.stfpm import Stfpm, distances
from flawflow.training.detectors.student import Student
from flawflow.training.detectors.students import UninformedStudents


def test_a_student_gives_maps_like_the_encoders():
    student = Student((5, 7), (4, 16), width=8)
    maps = student(torch.rand(2, 3, 64, 96))
    assert [tuple(one.shape) for one in maps] == [(2, 5, 16, 24), (2, 7, 4, 6)]


def test_distances_are_half_of_what_directions_differ_by():
    same = torch.tensor([[[[2.0]], [[0.0]]]])
    across, against = torch.tensor([[[[0.0]], [[5.0]]]]), -same
    found = [float(distances([same], [other])[0]) for other in (3 * same, across, against)]
    assert found == pytest.approx([0, 1, 2])


def test_a_product_needs_all_scales():
    fine, coarse = torch.rand(2, 8, 8), torch.rand(2, 4, 4)
    by_hand = fine * F.interpolate(coarse[:, None], (8, 8), mode="bilinear")[:, 0]
    torch.testing.assert_close(product([fine, coarse]), by_hand)
    assert float(product([fine, torch.zeros(2, 4, 4)]).max()) == 0


def noise_like(pictures):
    return np.random.default_rng(0).integers(0, 256, pictures.shape, dtype=np.uint8)


def test_stfpm_learns_what_the_encoder_sees_of_good_pictures(make_source, part_pictures):
    source = make_source((1, 4, 8, 16))
    detector = Stfpm(StfpmOptions(steps=60, width=8))
    detector.fit(source)
    with torch.inference_mode():
        pixels, *taught = source.encoder(torch.from_numpy(part_pictures))
        of_good = distances(taught, detector.student(pixels))
        # A student that says nothing is at the distance 1 of everything.
        assert max(float(scale.mean()) for scale in of_good) < 0.5
        (found,) = detector([pixels, *taught])
        torch.testing.assert_close(found, product(of_good))
        (odd,) = detector(source.encoder(torch.from_numpy(noise_like(part_pictures))))
    assert float(odd.mean()) > 2 * float(found.mean())


def test_the_maps_are_the_students_error_and_their_disagreement(make_source, part_pictures):
    source = make_source((1, 8, 16))
    detector = UninformedStudents(StudentsOptions(steps=60, width=8))
    detector.fit(source)
    with torch.inference_mode():
        pyramid = source.encoder(torch.from_numpy(part_pictures))
        error, variance = detector(pyramid)
        odd_error, _ = detector(source.encoder(torch.from_numpy(noise_like(part_pictures))))
        wanted = detector.patches(pyramid[1:])
        said = np.stack([one(pyramid[0])[0].flatten(2).transpose(1, 2).numpy() for one in detector.students])
    by_hand = np.square(said.mean(axis=0) - wanted.numpy()).mean(axis=2).reshape(error.shape)
    np.testing.assert_allclose(error.numpy(), by_hand, rtol=1e-4, atol=1e-6)
    by_hand = said.var(axis=0).mean(axis=2).reshape(variance.shape)
    np.testing.assert_allclose(variance.numpy(), by_hand, rtol=1e-3, atol=1e-6)
    assert float(odd_error.mean()) > 2 * float(error.mean())
