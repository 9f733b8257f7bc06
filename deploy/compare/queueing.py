"""What queueing theory says of waiting, to check the simulation by.

Load is offered load, in servers that would be busy all the time: requests a second times seconds each. Formulas as in
L. Kleinrock, Queueing Systems, volume 1 (1975), and D. Gross, C. Harris, Fundamentals of Queueing Theory.
"""

from __future__ import annotations

import math


def erlang_b(servers: int, load: float) -> float:
    """Share of requests that find all servers busy where nobody waits (M/G/c/c), whatever the distribution of service.

    By the recursion B(0) = 1, B(c) = a B(c-1) / (c + a B(c-1)), which does not overflow (Kleinrock, 3.6).

    Parameters
    ----------
    servers : c, of them.
    load : a, offered.
    """
    _check(servers, load)
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Share of requests that wait in M/M/c; 1 where there is more work than the servers can do.

    C = c B / (c - a (1 - B)) (Kleinrock, 3.5).
    """
    _check(servers, load)
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1 - blocked))


def mean_wait_s(servers: int, load: float, *, service_s: float) -> float:
    """Mean wait of all requests in M/M/c, in seconds: C s / (c - a); infinite where it is overloaded."""
    if load >= servers:
        return math.inf
    return erlang_c(servers, load) * service_s / (servers - load)


def wait_quantile_s(servers: int, load: float, *, service_s: float, share: float) -> float:
    """So long waits at most this share of the requests in M/M/c with first come, first served, in seconds.

    P(W > t) = C exp(-(c - a) t / s), so 0 below the share that does not wait at all.
    """
    if not 0 <= share < 1:
        raise ValueError(f"share is {share!r}, want 0 <= share < 1")
    if load >= servers:
        return math.inf
    waiting = erlang_c(servers, load)
    return max(math.log(waiting / (1 - share)), 0.0) * service_s / (servers - load) if waiting else 0.0


def pollaczek_khinchine_s(load: float, *, service_s: float, variation: float) -> float:
    """Mean wait with one server and any distribution of service (M/G/1), in seconds.

    a s (1 + v²) / (2 (1 - a)), of Pollaczek (1930) and Khinchine (1932); v is the coefficient of variation: 0 where all
    take equally long, 1 where they are exponential.

    Parameters
    ----------
    load : a, offered.
    service_s : s, mean.
    variation : v, standard deviation over mean.
    """
    _check(1, load)
    return load * service_s * (1 + variation**2) / (2 * (1 - load)) if load < 1 else math.inf


def _check(servers: int, load: float) -> None:
    if servers < 1 or not load >= 0:
        raise ValueError(f"servers is {servers!r} and load is {load!r}, want at least 1 server and a load of 0 or more")
