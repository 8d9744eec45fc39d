import numpy as np
import pytest
import torch

from flawflow.recipe.options import FLOWS
from flawflow.training.flows import log_prob
from flawflow.training.toy import families
from flawflow.training.toy.crescents import draw_good
from flawflow.training.toy.figure import FOOT, HEAD, PANEL


def test_every_family_learns_and_has_a_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchdiffeq")
    monkeypatch.setattr(families, "BLOCKS", 2)
    fresh, learned = families.learn_families(steps=1), families.learn_families(steps=12)
    x = draw_good(2_000, torch.Generator().manual_seed(5))
    with torch.no_grad():
        for name in FLOWS:
            assert log_prob(learned[name], x).mean() > log_prob(fresh[name], x).mean(), name
    monkeypatch.setattr(families, "PANEL", 60)
    figure = families.draw_families(learned)
    assert figure.height == 2 * (HEAD + PANEL + FOOT)
    panels = [part for row in np.array_split(np.array(figure), 2) for part in np.array_split(row, 5, axis=1)]
    assert len({part.tobytes() for part in panels}) == len(FLOWS) + 1
