"""When a service of tasks gets more of them, and fewer: target tracking, as AWS documents it.

Each rule watches one figure, minute by minute. Above its target for three minutes in a row it wants tasks times figure
over target, rounded up; below nine tenths of it for fifteen minutes it wants fewer, by the same sum. Of two rules, one
is enough for more and the larger number is taken; for fewer, both must agree.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html (rules
together, conservative rounding, out fast and in gradually),
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html
(cooldowns), https://github.com/aws/containers-roadmap/issues/1208 (3 of 3 and 15 of 15 minutes, which nobody can
change), https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
(no requests, no figure, and without a figure there are never fewer). AWS does not say of which minute's figure the sum
is: we take the last one for more, and the highest of the fifteen for fewer, which is the gradual side. Here a figure is
known as soon as its minute is over; really it comes later.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from deploy.setup import Fargate

#: How often the figures come, in seconds.
PERIOD_S = 60.0
#: So many of them in a row, above the target, or below so much of it.
_OUT_AFTER, _IN_AFTER, _IN_BELOW = 3, 15, 0.9


@dataclass
class Tracking:
    """One rule: a figure and where it should be."""

    target: float
    values: deque[float] = field(default_factory=lambda: deque(maxlen=_IN_AFTER))

    known: bool = False

    def note(self, value: float | None) -> None:
        """Take the figure of a minute; None: there is none."""
        self.known = value is not None
        if value is not None:
            self.values.append(value)

    def more(self, tasks: int) -> int:
        """How many tasks it wants where it wants more; 0 where it does not."""
        last = list(self.values)[-_OUT_AFTER:]
        if not self.known or len(last) < _OUT_AFTER or min(last) <= self.target:
            return 0
        return self._wanted(tasks, last[-1])

    def fewer(self, tasks: int) -> int | None:
        """How many tasks will do, where it is ready for fewer."""
        if not self.known or len(self.values) < _IN_AFTER or max(self.values) >= _IN_BELOW * self.target:
            return None
        return self._wanted(tasks, max(self.values))

    def _wanted(self, tasks: int, value: float) -> int:
        return math.ceil(tasks * value / self.target - 1e-9)


class Scaling:
    """Both rules of a service.

    Parameters
    ----------
    setup : floor, ceiling, targets and cooldowns.
    """

    def __init__(self, setup: Fargate) -> None:
        self._setup = setup
        self._load = Tracking(setup.cpu_target_percent)
        self._requests = Tracking(setup.requests_target)
        self._went_out_s = self._went_in_s = -math.inf

    def desired(self, at_s: float, *, desired: int, running: int, cpu_percent: float, requests: float | None) -> int:
        """How many tasks there should be from now on.

        Parameters
        ----------
        at_s : now, at the end of a minute.
        desired : tasks that there should be so far.
        running : tasks that share the load, over which the figures are means.
        cpu_percent, requests : of a task, in the minute that is over; None: there was no request.
        """
        rules = (self._load, self._requests)
        for rule, value in zip(rules, (cpu_percent, requests), strict=True):
            rule.note(value)
        setup = self._setup
        more = min(max(rule.more(running) for rule in rules), setup.max_tasks)
        if more > desired and at_s - self._went_out_s >= setup.out_cooldown_s:
            self._went_out_s = at_s
            return more
        fewer = [rule.fewer(running) for rule in rules]
        if None not in fewer and at_s - self._went_in_s >= setup.in_cooldown_s:
            least = max(setup.min_tasks, *(one for one in fewer if one is not None))
            if least < desired:
                self._went_in_s = at_s
                return least
        return desired
