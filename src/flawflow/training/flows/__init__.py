"""Normalizing flows of vectors: bijections with one contract, and the densities that they make."""

from flawflow.training.flows.actnorm import ActNorm
from flawflow.training.flows.autoregressive import Autoregressive
from flawflow.training.flows.bijection import Bijection
from flawflow.training.flows.chain import Chain
from flawflow.training.flows.continuous import Continuous
from flawflow.training.flows.coupling import Coupling
from flawflow.training.flows.decoder import cflow_decoder
from flawflow.training.flows.density import likelihood_loss, log_prob, logsigmoid_loss
from flawflow.training.flows.dequantise import UniformDequantisation, VariationalDequantisation
from flawflow.training.flows.estimated import EstimatedLogDet
from flawflow.training.flows.linear import LULinear
from flawflow.training.flows.permutation import Permutation
from flawflow.training.flows.residual import Residual
from flawflow.training.flows.rotation import Rotation
from flawflow.training.flows.scale import ScaleShift
from flawflow.training.flows.spline import Spline
from flawflow.training.flows.standardize import Standardize
from flawflow.training.flows.swap import Swap
from flawflow.training.flows.transformers import (
    Affine,
    LogisticMixture,
    MonotoneNetwork,
    Shift,
    Transformer,
)
from flawflow.training.flows.whiten import Whiten

__all__ = [
    "ActNorm",
    "Affine",
    "Autoregressive",
    "Bijection",
    "Chain",
    "Continuous",
    "Coupling",
    "EstimatedLogDet",
    "LULinear",
    "LogisticMixture",
    "MonotoneNetwork",
    "Permutation",
    "Residual",
    "Rotation",
    "ScaleShift",
    "Shift",
    "Spline",
    "Standardize",
    "Swap",
    "Transformer",
    "UniformDequantisation",
    "VariationalDequantisation",
    "Whiten",
    "cflow_decoder",
    "likelihood_loss",
    "log_prob",
    "logsigmoid_loss",
]
