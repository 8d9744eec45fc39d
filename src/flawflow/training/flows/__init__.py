"""Normalizing flows of vectors: bijections with one contract, and the densities that they make."""

from flawflow.training.flows.actnorm import ActNorm
from flawflow.training.flows.additive import AdditiveCoupling
from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.chain import Chain
from flawflow.training.flows.coupling import AffineCoupling
from flawflow.training.flows.decoder import cflow_decoder
from flawflow.training.flows.density import likelihood_loss, log_prob, logsigmoid_loss
from flawflow.training.flows.linear import LULinear
from flawflow.training.flows.permutation import Permutation
from flawflow.training.flows.rotation import Rotation
from flawflow.training.flows.scale import ScaleShift
from flawflow.training.flows.standardize import Standardize
from flawflow.training.flows.swap import Swap
from flawflow.training.flows.whiten import Whiten

__all__ = [
    "ActNorm",
    "AdditiveCoupling",
    "AffineCoupling",
    "Bijection",
    "Chain",
    "LULinear",
    "Permutation",
    "Rotation",
    "ScaleShift",
    "Standardize",
    "Swap",
    "Whiten",
    "cflow_decoder",
    "likelihood_loss",
    "log_prob",
    "logsigmoid_loss",
]
