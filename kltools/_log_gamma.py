"""The logarithm of the gamma function beyond Stirling's leading terms, and its Bregman divergence.

``beyond(a) = log Gamma(a) - a log(a) + a`` is convex and of order log(a). What cancels in the divergence of two
gammas or betas with large shapes is the part ``a log(a) - a`` of their log-normalizers; its Bregman divergence is
`generalized_kl`, and the closed forms are written so that the two parts never meet. The Bregman divergence of
`beyond` is itself a sum of terms that keep their digits: no Taylor expansion, no polygamma function, any ratio of
the arguments.
"""

import math

import numpy as np
from scipy import special

from ._kernels import generalized_kl, generalized_kl_near, log_ratio

# log Gamma(a) = (a - 1/2) log(a) - a + log(2 pi)/2 + sum of STIRLING[k] / a^(2k + 1), with B_2k / (2k (2k - 1)).
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
LARGE = 16  # from here on these six terms give all digits


def gkl(x, y, difference):
    """Return `generalized_kl` of x and y, for an x - y that is known better than x and y are."""
    x, y, difference = np.broadcast_arrays(x, y, difference)
    total = x + y
    near = np.abs(difference) < 0.1 * total
    return np.where(near, generalized_kl_near(x, difference, total), generalized_kl(x, y))


def beyond(a):
    """Return ``log Gamma(a) - a log(a) + a``."""
    series = sum(c * a ** -(2.0 * k + 1) for k, c in enumerate(STIRLING))
    large = series - np.log(a / (2 * math.pi)) / 2
    return np.where(a < LARGE, special.gammaln(a) - special.xlogy(a, a) + a, large)


def beyond_slope(a):
    """Return the derivative of `beyond`: ``digamma(a) - log(a)``."""
    series = sum(-(2 * k + 1) * c * a ** -(2.0 * k + 2) for k, c in enumerate(STIRLING))
    return np.where(a < LARGE, special.digamma(a) - np.log(a), series - 0.5 / a)


def bregman_beyond(y, x, difference):
    """Return the Bregman divergence of `beyond` from x to y, of positive numbers; `difference` is y - x.

    Small arguments are raised by ``log Gamma(a) = log Gamma(a + n) - sum log(a + k)``; then each term of
    Stirling's series has its own Bregman divergence in closed form.
    """
    y, x, difference = np.broadcast_arrays(y, x, difference)
    small = np.minimum(x, y) < LARGE
    shift = np.where(small, LARGE, 0)
    top_y, top_x = y + shift, x + shift

    # -log(a + k), and -log(a + n)/2 of Stirling's leading terms.
    k = np.arange(LARGE)
    raised_x, raised_y = x[..., np.newaxis] + k, y[..., np.newaxis] + k
    logarithms = (gkl(raised_x, raised_y, -difference[..., np.newaxis]) / raised_x).sum(axis=-1)
    value = np.where(small, logarithms, 0) + gkl(top_x, top_y, -difference) / top_x / 2

    # (a + n) log(a + n) - a log(a); its linear parts cancel, and so must not be computed where x and y are far.
    near = gkl(top_y, top_x, difference) - gkl(y, x, difference)
    log_top = log_ratio(top_y, top_x, difference)
    far = y * (log_top - log_ratio(y, x, difference)) + shift * log_top
    value = value + np.where(small, np.where(np.abs(difference) < 0.1 * (x + y), near, far), 0)

    # a^-m: x^-m (1 - v)^2 / v * sum of (m - j) v^j over j < m, with v = x / y.
    v = top_x / top_y
    factor = (difference / top_x) * (difference / top_y)
    for index, coefficient in enumerate(STIRLING):
        m = 2 * index + 1
        value = value + coefficient * top_x**-m * factor * np.polyval(np.arange(1, m + 1), v)
    return value
