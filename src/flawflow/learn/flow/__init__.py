"""Normalizing flows of vectors: bijections with one contract, and the densities that they make."""

from flawflow.learn.flow.actnorm import ActNorm
from flawflow.learn.flow.additive import AdditiveCoupling
from flawflow.learn.flow.bijection import Bijection
from flawflow.learn.flow.chain import Chain
from flawflow.learn.flow.coupling import AffineCoupling
from flawflow.learn.flow.decoder import cflow_decoder
from flawflow.learn.flow.density import likelihood_loss, log_prob, logsigmoid_loss
from flawflow.learn.flow.linear import LULinear
from flawflow.learn.flow.permutation import Permutation
from flawflow.learn.flow.rotation import Rotation
from flawflow.learn.flow.scale import ScaleShift
from flawflow.learn.flow.standardize import Standardize
from flawflow.learn.flow.swap import Swap
from flawflow.learn.flow.whiten import Whiten

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
