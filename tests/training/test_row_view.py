"""Rows of a tensor are read as the tensor of these rows would be."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from flawflow.training.row_view import Rows, RowView, as_vectors_of_rows, chosen_rows, plain_rows, vectors_at

DATA = torch.arange(9 * 4 * 3, dtype=torch.float32).view(9, 4, 3)
rows = st.lists(st.integers(0, 8), min_size=1, max_size=12).map(torch.tensor)


def same(view: Rows, expected: Tensor) -> bool:
    return view.shape == expected.shape and torch.equal(view[:], expected)


@given(rows, st.data())
def test_it_reads_as_its_rows_do(chosen: Tensor, data: st.DataObject):
    view, expected = RowView(DATA, chosen), DATA[chosen]
    assert same(view, expected)
    assert len(view) == len(expected)
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(chosen))] * 2)))
    assert torch.equal(view[start:end], expected[start:end])
    index = torch.tensor(data.draw(st.lists(st.integers(0, len(chosen) - 1), min_size=1)))
    assert torch.equal(view[index], expected[index])
    assert same(chosen_rows(view, index), expected[index])
    assert torch.equal(torch.stack(list(view)), expected)
    positions = index % 4
    for maps in (view, expected):
        assert torch.equal(vectors_at(maps, index, positions), expected[index, positions])


@given(rows, st.sampled_from([None, torch.tensor([2]), torch.tensor([0, 3])]), st.integers(1, 3))
def test_vectors_and_plain_rows_are_the_tensors_own(chosen: Tensor, inside: Tensor | None, views: int):
    view, expected = RowView(DATA, chosen), DATA[chosen]
    assert same(plain_rows(view, views), plain_rows(expected, views)[:])
    assert same(as_vectors_of_rows(view, inside), as_vectors_of_rows(expected, inside)[:])


@pytest.mark.parametrize(("chosen", "is_view"), [([2, 3, 4], False), ([2, 4], True), ([4, 3], True)])
def test_rows_that_follow_each_other_stay_a_tensor(chosen: list[int], is_view: bool):
    found = chosen_rows(DATA, torch.tensor(chosen))
    assert isinstance(found, RowView) == is_view
    assert same(found, DATA[chosen])
