"""A toy in two dimensions that shows the idea of the paper: `python -m flawflow.training.toy -o figure.png`.

Good feature vectors lie on two interleaved crescents. A flow learns their density; the best Gaussian (the
Mahalanobis distance) stands beside it. Each has the threshold that 1 % of other good vectors fall below.
"""
