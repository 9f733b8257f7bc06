# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The hot core of the search for treks: simulated annealing on walks of several days.

Compiled by Cython, or imported as it is, as `kernel.py`: every number is an integer, the random generator is our own,
nothing depends on the clock.

Unlike a loop of one day, a trek is kept in the order walked, because that decides where the nights fall: a start, a
camp for each night, and for each day its edges one after the other. A move replaces a stretch of a day, or an evening
and the morning after it, by shortest paths under random weights, or moves a night along the way. What must hold
always (the days hang together, edges at most twice a day, nothing that is closed) no move breaks; windows and the
other limits are soft, with prices.
"""

from __future__ import annotations

from array import array

from solver.kernel import _LOGARITHMS, INFINITE, _untouched_zeros, _zeros

try:
    import cython
except ImportError:
    from solver import _interpreted as cython

COMPILED = cython.compiled

#: Parts of a second that times on foot are counted in.
TICKS = 1024
#: Distances from camps to nodes that are kept; where there are more they are found again each time.
MOST_KEPT_DISTANCES = 2_000_000
#: Most edges of one day and of a whole trek; more are never kept.
MOST_DAY_EDGES, MOST_EDGES = 4_000, 12_000


@cython.cclass
class TrekKernel:
    """A trek problem on a reduced network, ready to be searched.

    Parameters
    ----------
    node_count, tails, heads, lengths, worths, ups, downs, roads : the network; `worths` in hundredths of a point.
    closed : for each edge the days on which it must not be walked, a bit each.
    waters_first, waters : of edge e, bottles can be filled at waters[waters_first[e]:waters_first[e + 1]].
    trailheads, vias : nodes, at least one trailhead.
    camps : for each camp its node, spur, climb up and down the spur, whether there is water, and the nights when it
        must not be used, a bit each.
    days : for each day min_length, max_length, target, max_ascent, min_time, max_time; -1 where there is none.
    pace : level, up, down as in `Pace`; nothing where there are no limits on time.
    balance_cost, repeat_cost : as in `TrekProblem`.
    min_length, max_length, max_ascent, max_dry : of the whole trek, -1 for none.
    repeat_limit, road_limit : shares of the length in units of 1/SHARE_PARTS, -1 for none.
    slots : how many treks are kept side by side. seed : of the random generator.

    Raises
    ------
    ValueError : numbers so large that sums of them could leave 64 bits.
    """

    n: cython.int
    m: cython.int
    tail: cython.int[::1]
    head: cython.int[::1]
    length: cython.longlong[::1]
    worth: cython.longlong[::1]
    up: cython.longlong[::1]
    down: cython.longlong[::1]
    road: cython.longlong[::1]
    closed: cython.int[::1]
    water_first: cython.int[::1]
    water: cython.longlong[::1]
    # the edges at node v are link_edge[first[v]:first[v + 1]], leading to link_node
    first: cython.int[::1]
    link_edge: cython.int[::1]
    link_node: cython.int[::1]
    base: cython.longlong[::1]  # what an edge costs in random searches: its length, dearer where it earns little
    # places
    homes: cython.int
    home_node: cython.int[::1]
    is_home: cython.schar[::1]
    vias: cython.int
    via: cython.int[::1]
    camps: cython.int
    camp_node: cython.int[::1]
    camp_spur: cython.longlong[::1]
    camp_up: cython.longlong[::1]
    camp_down: cython.longlong[::1]
    camp_water: cython.schar[::1]
    camp_banned: cython.int[::1]
    here_first: cython.int[::1]  # the camps at node v are here_camp[here_first[v]:here_first[v + 1]]
    here_camp: cython.int[::1]
    near: cython.longlong[::1]  # camps x (camps + homes): the way in between, spurs not counted; INFINITE: too far
    measured: cython.schar[::1]  # whether the row of a camp is known
    far: cython.longlong[::1]  # camps x nodes: the same to every node, where that is not too much to keep
    keeps_far: cython.int
    # limits
    days: cython.int
    min_length: cython.longlong[::1]
    max_length: cython.longlong[::1]
    target: cython.longlong[::1]
    max_ascent: cython.longlong[::1]
    min_time: cython.longlong[::1]
    max_time: cython.longlong[::1]
    longest_day: cython.longlong
    level_pace: cython.longlong
    up_pace: cython.longlong
    down_pace: cython.longlong
    balance_cost: cython.longlong
    repeat_cost: cython.longlong
    min_total: cython.longlong
    max_total: cython.longlong
    max_climb: cython.longlong
    max_dry: cython.longlong
    repeat_limit: cython.longlong
    road_limit: cython.longlong
    # the trek at hand: day d goes along edge[d * room + k] from node[d * wide + k] to the next, k < size[d]
    room: cython.int
    wide: cython.int
    home: cython.int
    night: cython.int[::1]
    size: cython.int[::1]
    edge: cython.int[::1]
    node: cython.int[::1]
    walked: cython.int  # edges on all days
    times: cython.int[::1]  # how often each edge is walked in all
    daily: cython.schar[::1]  # days x edges: and on each day
    day_length: cython.longlong[::1]  # spurs not counted
    day_up: cython.longlong[::1]
    day_down: cython.longlong[::1]
    earned: cython.longlong
    repeated: cython.longlong
    on_road: cython.longlong
    excess: cython.longlong  # what the last `_objective` charged for broken limits
    value: cython.longlong  # and what it found without that
    # the days as they were before the move at hand
    saved: cython.int  # a bit for each
    saved_edge: cython.int[::1]
    saved_size: cython.int[::1]
    saved_first: cython.int[::1]
    saved_night: cython.int[::1]
    saved_home: cython.int
    rest: cython.int[::1]  # the end of a day that is open in the middle
    aside: cython.int[::1]  # a part of a day on its way to another
    turned: cython.int[::1]  # days as they were before they were turned round
    turned_size: cython.int[::1]
    # prices, hundredths of a point
    length_price: cython.longlong
    climb_price: cython.longlong
    time_price: cython.longlong
    share_price: cython.longlong
    missed_price: cython.longlong
    dry_price: cython.longlong
    broken_price: cython.longlong  # for each limit that is not kept, however nearly it is
    # shortest paths
    stamp: cython.int
    seen: cython.int[::1]
    done: cython.int[::1]
    distance: cython.longlong[::1]
    arrival: cython.int[::1]
    settled: cython.int[::1]
    settled_size: cython.int
    heap_key: cython.longlong[::1]
    heap_node: cython.int[::1]
    heap_size: cython.int
    mode: cython.int
    day: cython.int  # on which the search walks
    salt: cython.ulonglong
    noise: cython.longlong
    reuse: cython.longlong
    # places of the walk where a search may end
    mark: cython.int
    marked: cython.int[::1]
    spot: cython.int[::1]
    # edges to be laid
    fresh: cython.int[::1]
    fresh_size: cython.int
    fresh_stamp: cython.int
    in_fresh: cython.int[::1]
    back: cython.longlong[::1]  # while a first trek is made: the way on from each node
    way: cython.longlong[::1]
    reachable: cython.schar[::1]  # days x camps: whether there is a way home
    # kept treks: start, nights, sizes, edges
    record: cython.int
    best: cython.int[::1]
    best_value: cython.longlong
    has_best: cython.int
    kept: cython.int[::1]
    kept_objective: cython.longlong[::1]
    kept_valid: cython.schar[::1]
    kept_best: cython.int[::1]
    kept_best_value: cython.longlong[::1]
    random_state: cython.ulonglong
    ones: cython.ulonglong
    mixer: cython.ulonglong
    second_mixer: cython.ulonglong
    logarithm: cython.longlong[::1]
    infinite: cython.longlong
    moves: cython.longlong

    def __init__(
        self,
        node_count,
        tails,
        heads,
        lengths,
        worths,
        ups,
        downs,
        roads,
        closed,
        waters_first,
        waters,
        trailheads,
        vias,
        camps,
        days,
        *,
        pace,
        balance_cost,
        repeat_cost,
        min_length,
        max_length,
        max_ascent,
        max_dry,
        repeat_limit,
        road_limit,
        slots,
        seed,
    ):
        # C starts these at 0, plain Python has to be told
        self.walked = self.home = self.saved = self.saved_home = self.has_best = self.mark = 0
        self.earned = self.repeated = self.on_road = self.excess = self.value = self.best_value = self.moves = 0
        self.stamp = self.settled_size = self.heap_size = self.mode = self.day = self.salt = self.noise = 0
        self.reuse = self.fresh_size = self.fresh_stamp = 0
        self.infinite = INFINITE
        self.n = node_count
        self.m = m = len(tails)
        self.days = count = len(days)
        self.tail = array("i", tails)
        self.head = array("i", heads)
        self.length = array("q", lengths)
        self.up = array("q", ups)
        self.down = array("q", downs)
        self.road = array("q", roads)
        self.closed = array("i", closed)
        self.water_first = array("i", waters_first)
        self.water = array("q", [*waters, 0])
        columns = list(zip(*days, strict=True))
        self.min_length, self.max_length, self.target = (array("q", column) for column in columns[:3])
        self.max_ascent, self.min_time, self.max_time = (array("q", column) for column in columns[3:])
        self.longest_day = max(columns[1])
        self.level_pace, self.up_pace, self.down_pace = pace or (0, 0, 0)
        self.balance_cost, self.repeat_cost = balance_cost, repeat_cost
        self.min_total, self.max_total, self.max_climb, self.max_dry = min_length, max_length, max_ascent, max_dry
        self.repeat_limit, self.road_limit = repeat_limit, road_limit
        self._measure(lengths, worths, ups, downs, camps)
        self._link()
        self._settle_places(trailheads, vias, camps)
        self.base = _zeros("q", m)
        self.set_worths(worths)
        self.room = min(2 * m, MOST_DAY_EDGES)
        self.wide = self.room + 1
        self.night = _zeros("i", count)
        self.size = _zeros("i", count)
        self.edge = _zeros("i", count * self.room)
        self.node = _zeros("i", count * self.wide)
        self.times = _zeros("i", m)
        self.daily = _zeros("b", count * m)
        self.day_length, self.day_up, self.day_down = _zeros("q", count), _zeros("q", count), _zeros("q", count)
        self.saved_edge = _zeros("i", count * self.room)
        self.saved_size, self.saved_first = _zeros("i", count), _zeros("i", count)
        self.saved_night = _zeros("i", count)
        self.rest, self.aside = _zeros("i", self.room), _zeros("i", self.room)
        self.turned, self.turned_size = _zeros("i", count * self.room), _zeros("i", count)
        self.seen, self.done, self.arrival = _zeros("i", node_count), _zeros("i", node_count), _zeros("i", node_count)
        self.distance = _zeros("q", node_count)
        self.settled = _zeros("i", node_count)
        self.heap_key, self.heap_node = _zeros("q", 2 * m + 2), _zeros("i", 2 * m + 2)
        self.marked, self.spot = _zeros("i", node_count), _zeros("i", node_count)
        self.fresh = _zeros("i", max(3 * node_count + 3, self.room))
        self.in_fresh = _zeros("i", m)
        self.back, self.way = _zeros("q", node_count), _zeros("q", node_count)
        self.reachable = _zeros("b", count * max(1, self.camps))
        self.record = 2 * count + min(count * self.room, MOST_EDGES)
        self.best = _zeros("i", self.record)
        self.kept = _untouched_zeros("i", slots * self.record)
        self.kept_best = _untouched_zeros("i", slots * self.record)
        self.kept_objective = array("q", [-INFINITE]) * slots
        self.kept_valid = _zeros("b", slots)
        self.kept_best_value = array("q", [-INFINITE]) * slots
        self.ones = 0xFFFFFFFFFFFFFFFF
        self.mixer = 0x9E3779B97F4A7C15
        self.second_mixer = 0xD6E8FEB86659FD93
        self.random_state = ((seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D) & 0xFFFFFFFFFFFFFFFF) | 1
        self.logarithm = _LOGARITHMS
        self.set_prices(100, 100, 100, 100, 100, 100, 0)

    def _measure(self, lengths, worths, ups, downs, camps):
        """See to it that nothing leaves 64 bits, whatever is walked."""
        spurs = sum(camp[1] for camp in camps)
        most = 2 * self.days * (sum(lengths) + spurs + 1)
        climbs = 2 * self.days * (sum(ups) + sum(downs) + sum(camp[2] + camp[3] for camp in camps))
        if most > INFINITE // (4 * 3600 * TICKS) or climbs > INFINITE // (4 * 3600 * TICKS):
            raise ValueError(f"the lengths add up to {sum(lengths)}, too much for {self.days} days in 64 bits")
        for name, cost in (("balance_cost", self.balance_cost), ("repeat_cost", self.repeat_cost)):
            if cost * most > INFINITE // 8:
                raise ValueError(f"{name} is {cost}, want at most {INFINITE // (8 * most)} with lengths as they are")
        if sum(map(abs, worths)) > INFINITE // 8:
            raise ValueError("the scores add up to more than 64 bits hold")

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _count_links(self) -> cython.void:
        e: cython.int
        v: cython.int
        total: cython.int = 0
        count: cython.int
        for e in range(self.m):
            self.first[self.tail[e]] += 1
            if self.tail[e] != self.head[e]:
                self.first[self.head[e]] += 1
        for v in range(self.n + 1):
            count = self.first[v] if v < self.n else 0
            self.first[v] = total
            total += count

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fill_links(self, cursor: cython.int[::1]) -> cython.void:
        e: cython.int
        v: cython.int
        for v in range(self.n):
            cursor[v] = self.first[v]
        for e in range(self.m):
            v = self.tail[e]
            self.link_edge[cursor[v]] = e
            self.link_node[cursor[v]] = self.head[e]
            cursor[v] += 1
            if self.head[e] != v:
                v = self.head[e]
                self.link_edge[cursor[v]] = e
                self.link_node[cursor[v]] = self.tail[e]
                cursor[v] += 1

    def _link(self):
        self.first = _zeros("i", self.n + 1)
        self.link_edge = _zeros("i", 2 * self.m + 1)
        self.link_node = _zeros("i", 2 * self.m + 1)
        self._count_links()
        self._fill_links(_zeros("i", self.n))

    def _settle_places(self, trailheads, vias, camps):
        self.homes = len(trailheads)
        self.home_node = array("i", trailheads)
        self.is_home = _zeros("b", self.n)
        for v in trailheads:
            self.is_home[v] = 1
        self.vias = len(vias)
        self.via = array("i", [*vias, 0])
        self.camps = len(camps)
        columns = list(zip(*camps, strict=True)) or [()] * 6
        self.camp_node = array("i", [*columns[0], 0])
        self.camp_spur = array("q", [*columns[1], 0])
        self.camp_up = array("q", [*columns[2], 0])
        self.camp_down = array("q", [*columns[3], 0])
        self.camp_water = array("b", [*columns[4], 0])
        self.camp_banned = array("i", [*columns[5], 0])
        by_node = sorted(range(self.camps), key=lambda c: (camps[c][0], c))
        self.here_camp = array("i", [*by_node, 0])
        self.here_first = _zeros("i", self.n + 1)
        position = 0
        for v in range(self.n + 1):
            self.here_first[v] = position
            while position < self.camps and camps[by_node[position]][0] == v:
                position += 1
        self.near = _untouched_zeros("q", self.camps * (self.camps + self.homes) + 1)
        self.measured = _zeros("b", self.camps + 1)
        self.keeps_far = 0 < self.camps * self.n <= MOST_KEPT_DISTANCES
        self.far = _untouched_zeros("q", self.camps * self.n if self.keeps_far else 1)

    # --- randomness

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _random(self) -> cython.ulonglong:
        """32 random bits (xorshift64, Marsaglia 2003: the high half)."""
        x: cython.ulonglong = self.random_state
        x ^= (x << 13) & self.ones
        x ^= x >> 7
        x ^= (x << 17) & self.ones
        self.random_state = x
        return x >> 32

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _below(self, k: cython.int) -> cython.int:
        """A random number in 0..k-1."""
        size: cython.ulonglong = k
        return (self._random() * size) >> 32

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _span(self) -> cython.int:
        """A random number of edges, mostly small."""
        return 1 + self._below(2 << self._below(6))

    # --- shortest paths

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _weight(self, e: cython.int) -> cython.longlong:
        """PLAIN 0: the length, closed or not. OPEN 1: the length. RANDOM 2. Negative: it may not be walked."""
        h: cython.ulonglong
        weight: cython.longlong
        passes: cython.int
        if self.mode == 0:
            return self.length[e]
        if self.closed[e] >> self.day & 1:
            return -1
        if self.mode == 1:
            return self.length[e]
        passes = self.daily[self.day * self.m + e]
        if self.in_fresh[e] == self.fresh_stamp:
            passes += 1
        if passes >= 2:
            return -1
        h = e
        h = ((h + 1) * self.mixer & self.ones) ^ self.salt
        h = h * self.second_mixer & self.ones
        # a factor of 1 .. 1 + noise that this edge keeps during the search
        weight = self.base[e] * (64 + (h >> 58) * self.noise) >> 6
        if self.times[e] > 0 or passes > 0:
            weight *= 1 + self.reuse
        return weight

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _shuffle(self, day: cython.int) -> cython.void:
        """New random weights for searches on a day."""
        high: cython.ulonglong = self._random()
        self.mode = 2
        self.day = day
        self.salt = high << 32 | self._random()
        self.noise = 1 << self._below(3)
        self.reuse = self._below(4)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _push(self, key: cython.longlong, v: cython.int) -> cython.void:
        i: cython.int = self.heap_size
        above: cython.int
        self.heap_size += 1
        while i > 0:
            above = (i - 1) >> 1
            if self.heap_key[above] <= key:
                break
            self.heap_key[i] = self.heap_key[above]
            self.heap_node[i] = self.heap_node[above]
            i = above
        self.heap_key[i] = key
        self.heap_node[i] = v

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _pop(self) -> cython.int:
        top: cython.int = self.heap_node[0]
        self.heap_size -= 1
        size: cython.int = self.heap_size
        key: cython.longlong = self.heap_key[size]
        v: cython.int = self.heap_node[size]
        i: cython.int = 0
        child: cython.int = 1
        while child < size:
            if child + 1 < size and self.heap_key[child + 1] < self.heap_key[child]:
                child += 1
            if self.heap_key[child] >= key:
                break
            self.heap_key[i] = self.heap_key[child]
            self.heap_node[i] = self.heap_node[child]
            i = child
            child = 2 * i + 1
        self.heap_key[i] = key
        self.heap_node[i] = v
        return top

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _search(self, source: cython.int, goal: cython.int, limit: cython.longlong, most: cython.int) -> cython.int:
        """Dijkstra; the goal reached, or -1. Goal -2: any marked spot.

        Nodes farther than `limit` are not reached, after `most` nodes it ends.
        """
        v: cython.int
        w: cython.int
        i: cython.int
        e: cython.int
        weight: cython.longlong
        reached: cython.longlong
        if self.stamp == 2147483646:  # before 32 bits are not enough
            for v in range(self.n):
                self.seen[v] = self.done[v] = 0
            self.stamp = 0
        self.stamp += 1
        self.settled_size = 0
        self.heap_size = 0
        self.seen[source] = self.stamp
        self.distance[source] = 0
        self.arrival[source] = -1
        self._push(0, source)
        while self.heap_size > 0:
            v = self._pop()
            if self.done[v] == self.stamp:
                continue
            self.done[v] = self.stamp
            self.settled[self.settled_size] = v
            self.settled_size += 1
            if v == goal or (goal == -2 and self.marked[v] == self.mark):
                return v
            if self.settled_size >= most:
                return -1
            for i in range(self.first[v], self.first[v + 1]):
                w = self.link_node[i]
                if self.done[w] == self.stamp:
                    continue
                e = self.link_edge[i]
                weight = self._weight(e)
                if weight < 0:
                    continue
                reached = self.distance[v] + weight
                if reached > limit:
                    continue
                if self.seen[w] != self.stamp or reached < self.distance[w]:
                    self.seen[w] = self.stamp
                    self.distance[w] = reached
                    self.arrival[w] = e
                    self._push(reached, w)
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _begin_fresh(self) -> cython.void:
        e: cython.int
        if self.fresh_stamp == 2147483646:
            for e in range(self.m):
                self.in_fresh[e] = 0
            self.fresh_stamp = 0
        self.fresh_stamp += 1
        self.fresh_size = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _trace_back(self, v: cython.int) -> cython.void:
        """Add the path of the last search from v back to its source to the edges to be laid."""
        e: cython.int = self.arrival[v]
        while e >= 0:
            self.fresh[self.fresh_size] = e
            self.fresh_size += 1
            self.in_fresh[e] = self.fresh_stamp
            v = self.tail[e] + self.head[e] - v
            e = self.arrival[v]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _trace(self, v: cython.int) -> cython.void:
        """As `_trace_back`, in the direction from the source to v."""
        i: cython.int = self.fresh_size
        j: cython.int
        e: cython.int
        self._trace_back(v)
        j = self.fresh_size - 1
        while i < j:
            e = self.fresh[i]
            self.fresh[i] = self.fresh[j]
            self.fresh[j] = e
            i += 1
            j -= 1

    # --- the trek at hand

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _pass(self, d: cython.int, e: cython.int, v: cython.int) -> cython.void:
        """Walk edge e from node v on day d; all totals follow."""
        self.daily[d * self.m + e] += 1
        self.times[e] += 1
        if self.times[e] == 1:
            self.earned += self.worth[e]
        else:
            self.repeated += self.length[e]
        self.day_length[d] += self.length[e]
        self.on_road += self.road[e]
        self.walked += 1
        if v == self.tail[e]:
            self.day_up[d] += self.up[e]
            self.day_down[d] += self.down[e]
        else:
            self.day_up[d] += self.down[e]
            self.day_down[d] += self.up[e]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unpass(self, d: cython.int, e: cython.int, v: cython.int) -> cython.void:
        self.daily[d * self.m + e] -= 1
        self.times[e] -= 1
        if self.times[e] == 0:
            self.earned -= self.worth[e]
        else:
            self.repeated -= self.length[e]
        self.day_length[d] -= self.length[e]
        self.on_road -= self.road[e]
        self.walked -= 1
        if v == self.tail[e]:
            self.day_up[d] -= self.up[e]
            self.day_down[d] -= self.down[e]
        else:
            self.day_up[d] -= self.down[e]
            self.day_down[d] -= self.up[e]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _save(self, d: cython.int) -> cython.void:
        """Remember a day, and the nights, as they are before the move."""
        k: cython.int
        if self.saved == 0:
            self.saved_home = self.home
            for k in range(self.days - 1):
                self.saved_night[k] = self.night[k]
        if self.saved >> d & 1:
            return
        self.saved |= 1 << d
        self.saved_size[d] = self.size[d]
        self.saved_first[d] = self.node[d * self.wide]
        for k in range(self.size[d]):
            self.saved_edge[d * self.room + k] = self.edge[d * self.room + k]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _undo(self) -> cython.void:
        d: cython.int
        k: cython.int
        if self.saved == 0:
            return
        for d in range(self.days):
            if self.saved >> d & 1:
                self._cut(d, 0)
        for d in range(self.days):
            if self.saved >> d & 1:
                self.node[d * self.wide] = self.saved_first[d]
                for k in range(self.saved_size[d]):
                    self._append(d, self.saved_edge[d * self.room + k])
        self.home = self.saved_home
        for k in range(self.days - 1):
            self.night[k] = self.saved_night[k]
        self.saved = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _cut(self, d: cython.int, size: cython.int) -> cython.void:
        """Drop all but the first edges of a day."""
        k: cython.int = self.size[d] - 1
        while k >= size:
            self._unpass(d, self.edge[d * self.room + k], self.node[d * self.wide + k])
            k -= 1
        self.size[d] = size

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _append(self, d: cython.int, e: cython.int) -> cython.int:
        """Walk one more edge on a day; 0 if that must not be."""
        k: cython.int = self.size[d]
        v: cython.int = self.node[d * self.wide + k]
        if k >= self.room or self.closed[e] >> d & 1 or self.daily[d * self.m + e] >= 2:
            return 0
        self._pass(d, e, v)
        self.edge[d * self.room + k] = e
        self.node[d * self.wide + k + 1] = self.tail[e] + self.head[e] - v
        self.size[d] = k + 1
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _replace(
        self, d: cython.int, i: cython.int, j: cython.int, begin: cython.int, backwards: cython.int
    ) -> cython.int:
        """Walk the edges to be laid in place of the edges i..j-1 of a day; 0 if that must not be.

        `begin`: where the day begins from now on, with i = 0; -1: where it did. After a 0 the move has to be undone.
        """
        k: cython.int
        e: cython.int
        v: cython.int
        fine: cython.int = 1
        rest: cython.int = self.size[d] - j
        edges: cython.int = d * self.room
        nodes: cython.int = d * self.wide
        after: cython.int = self.node[nodes + j]
        self._save(d)
        for k in range(i, j):
            self._unpass(d, self.edge[edges + k], self.node[nodes + k])
        for k in range(rest):
            self.rest[k] = self.edge[edges + j + k]
        self.size[d] = i
        if begin >= 0:
            self.node[nodes] = begin
        for k in range(self.fresh_size):
            e = self.fresh[self.fresh_size - 1 - k if backwards else k]
            if self.size[d] + rest >= self.room or self._append(d, e) == 0:
                fine = 0
                self._cut(d, i)
                break
        if rest > 0:
            # where the edges were refused this leaves a gap, but all are counted as they are walked, for `_undo`
            k = self.size[d]
            v = after
            self.node[nodes + k] = v
            for j in range(rest):
                e = self.rest[j]
                self.edge[edges + k + j] = e
                v = self.tail[e] + self.head[e] - v
                self.node[nodes + k + j + 1] = v
            self.size[d] = k + rest
        return fine

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _clear(self) -> cython.void:
        d: cython.int
        for d in range(self.days):
            self._cut(d, 0)
        self.saved = 0

    # --- what it is worth

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _outside(self, x: cython.longlong, least: cython.longlong, most: cython.longlong) -> cython.longlong:
        """How far x is outside a window; -1: no end there."""
        if x < least:
            return least - x
        if most >= 0 and x > most:
            return x - most
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _ticks(self, amount: cython.longlong, an_hour: cython.longlong) -> cython.longlong:
        """Time for an amount at so much an hour, in ticks, rounded up."""
        return (amount * 3686400 + an_hour - 1) // an_hour

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _missed(self) -> cython.longlong:
        """How many via nodes are not touched."""
        d: cython.int
        k: cython.int
        i: cython.int
        missed: cython.longlong = self.vias
        self.mark += 1
        for d in range(self.days):
            for k in range(self.size[d] + 1):
                self.marked[self.node[d * self.wide + k]] = self.mark
        for i in range(self.vias):
            if self.marked[self.via[i]] == self.mark:
                missed -= 1
        return missed

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _drought(self) -> cython.longlong:
        """By how much the ways without water are too long, in all."""
        d: cython.int
        k: cython.int
        e: cython.int
        i: cython.int
        a: cython.int
        b: cython.int
        forward: cython.int
        at: cython.longlong
        reached: cython.longlong
        since: cython.longlong = 0
        too_long: cython.longlong = 0
        for d in range(self.days):
            if d > 0:
                if self.camp_water[self.night[d - 1]]:
                    too_long += since - self.max_dry if since > self.max_dry else 0
                    since = 0
                since += self.camp_spur[self.night[d - 1]]
            for k in range(self.size[d]):
                e = self.edge[d * self.room + k]
                a = self.water_first[e]
                b = self.water_first[e + 1]
                if a == b:
                    since += self.length[e]
                    continue
                forward = self.node[d * self.wide + k] == self.tail[e]
                reached = 0
                for i in range(b - a):
                    at = self.water[a + i] if forward else self.length[e] - self.water[b - 1 - i]
                    since += at - reached
                    reached = at
                    too_long += since - self.max_dry if since > self.max_dry else 0
                    since = 0
                since += self.length[e] - reached
            if d < self.days - 1:
                since += self.camp_spur[self.night[d]]
        return too_long + (since - self.max_dry if since > self.max_dry else 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _objective(self) -> cython.longlong:
        """The objective of the problem, less the penalties for broken limits."""
        d: cython.int
        c: cython.int
        length: cython.longlong
        ascent: cython.longlong
        descent: cython.longlong
        level: cython.longlong
        climb: cython.longlong
        ticks: cython.longlong
        total: cython.longlong = 0
        total_ascent: cython.longlong = 0
        astray: cython.longlong = 0
        outside: cython.longlong = 0
        climbed: cython.longlong = 0
        late: cython.longlong = 0
        by: cython.longlong
        broken: cython.longlong = 0  # limits that are not kept
        self.excess = 0
        for d in range(self.days):
            length = self.day_length[d]
            ascent = self.day_up[d]
            descent = self.day_down[d]
            if d > 0:
                c = self.night[d - 1]
                length += self.camp_spur[c]
                ascent += self.camp_down[c]
                descent += self.camp_up[c]
            if d < self.days - 1:
                c = self.night[d]
                length += self.camp_spur[c]
                ascent += self.camp_up[c]
                descent += self.camp_down[c]
            total += length
            total_ascent += ascent
            if self.target[d] >= 0:
                astray += length - self.target[d] if length > self.target[d] else self.target[d] - length
            by = self._outside(length, self.min_length[d], self.max_length[d])
            if by > 0:
                outside += by
                broken += 1
            if self.max_ascent[d] >= 0 and ascent > self.max_ascent[d]:
                broken += 1
                climbed += ascent - self.max_ascent[d]
            if self.min_time[d] >= 0 or self.max_time[d] >= 0:
                level = self._ticks(length, self.level_pace)
                climb = self._ticks(ascent, self.up_pace) + self._ticks(descent, self.down_pace)
                ticks = 2 * level + climb if level > climb else 2 * climb + level
                ticks = (ticks + 1) >> 1
                # rounded up at most 4 ticks too much
                if self.max_time[d] >= 0 and ticks > self.max_time[d] * 1024:
                    late += (ticks - self.max_time[d] * 1024 + 1023) >> 10
                    broken += 1
                if self.min_time[d] > 0 and ticks - 4 <= (self.min_time[d] - 1) * 1024:
                    late += ((self.min_time[d] - 1) * 1024 + 1024 + 4 - ticks) >> 10
                    broken += 1
        by = self._outside(total, self.min_total, self.max_total)
        if by > 0:
            outside += by
            broken += 1
        if self.max_climb >= 0 and total_ascent > self.max_climb:
            broken += 1
            climbed += total_ascent - self.max_climb
        self.excess += outside * self.length_price + climbed * self.climb_price + late * self.time_price
        if self.repeat_limit >= 0 and self.repeated * 10000 > self.repeat_limit * total:
            broken += 1
            self.excess += (1 + self.repeated - self.repeat_limit * total // 10000) * self.share_price
        if self.road_limit >= 0 and self.on_road * 10000 > self.road_limit * total:
            broken += 1
            self.excess += (1 + self.on_road - self.road_limit * total // 10000) * self.share_price
        if self.vias > 0:
            self.excess += self._missed() * self.missed_price
        if self.max_dry >= 0:
            by = self._drought()
            if by > 0:
                broken += 1
                self.excess += by * self.dry_price
        self.excess += broken * self.broken_price
        self.value = self.earned - self.repeat_cost * self.repeated - self.balance_cost * astray
        return self.value - self.excess

    # --- moves

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _mark_spots(self, d: cython.int, i: cython.int, around: cython.int) -> cython.void:
        """Mark the nodes of a day near its position i as places where a search may end; the nearest one counts."""
        k: cython.int
        low: cython.int = max(0, i - around)
        high: cython.int = min(self.size[d], i + around)
        self.mark += 1
        for k in range(low, i):
            self.marked[self.node[d * self.wide + k]] = self.mark
            self.spot[self.node[d * self.wide + k]] = k
        k = high
        while k >= i:
            self.marked[self.node[d * self.wide + k]] = self.mark
            self.spot[self.node[d * self.wide + k]] = k
            k -= 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_path(self) -> cython.int:
        """Another way between two places of a day."""
        d: cython.int = self._below(self.days)
        size: cython.int = self.size[d]
        i: cython.int
        j: cython.int
        k: cython.int
        a: cython.int
        b: cython.int
        if size == 0:
            return 0
        i = self._below(size)
        j = min(size, i + self._span())
        a = self.node[d * self.wide + i]
        b = self.node[d * self.wide + j]
        self._begin_fresh()
        self._shuffle(d)
        if a != b:
            # the stretch is as good as not walked
            for k in range(i, j):
                self.daily[d * self.m + self.edge[d * self.room + k]] -= 1
                self.times[self.edge[d * self.room + k]] -= 1
            a = self._search(a, b, self.infinite, 3000)
            for k in range(i, j):
                self.daily[d * self.m + self.edge[d * self.room + k]] += 1
                self.times[self.edge[d * self.room + k]] += 1
            if a < 0:
                return 0
            self._trace(b)
            if self.fresh_size == j - i:
                for k in range(i, j):
                    if self.edge[d * self.room + k] != self.fresh[k - i]:
                        break
                else:
                    return 0
        return self._replace(d, i, j, -1, 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _rejoin(self, d: cython.int, i: cython.int, around: cython.int, x: cython.int) -> cython.int:
        """The edges to be laid lead from position i of a day to x: go on to the walk near i, drop what lies between."""
        j: cython.int
        b: cython.int
        self._mark_spots(d, i, around)
        self.reuse = self._below(4)
        b = self._search(x, -2, self.infinite, self.n + 1)
        if b < 0:
            return 0
        j = self.spot[b]
        self._trace(b)
        if j >= i:
            return self._replace(d, i, j, -1, 0)
        return self._replace(d, j, i, -1, 1)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_fetch(self) -> cython.int:
        """Fetch a rewarding edge nearby, mostly one that is not walked yet."""
        d: cython.int = self._below(self.days)
        i: cython.int = self._below(self.size[d] + 1)
        k: cython.int
        w: cython.int
        q: cython.int
        e: cython.int
        fetched: cython.int = -1
        end: cython.int = -1
        walked: cython.int = self._random() & 7 == 0  # where trail is scarce, or days too short, walked ones will do
        self._begin_fresh()
        self._shuffle(d)
        self._search(self.node[d * self.wide + i], -1, self.infinite, 10 + self._below(16 << self._below(6)))
        for k in range(2 + self._below(10)):
            w = self.settled[self._below(self.settled_size)]
            if self.first[w] == self.first[w + 1]:
                return 0
            q = self.first[w] + self._below(self.first[w + 1] - self.first[w])
            e = self.link_edge[q]
            if (self.times[e] != 0 and not walked) or self.closed[e] >> d & 1:
                continue
            if fetched < 0 or self.worth[e] > self.worth[fetched]:
                fetched = e
                end = w
        if fetched < 0:
            return 0
        self._trace(end)
        if self.in_fresh[fetched] == self.fresh_stamp:
            return 0
        self.fresh[self.fresh_size] = fetched
        self.fresh_size += 1
        self.in_fresh[fetched] = self.fresh_stamp
        return self._rejoin(d, i, self._span() + 2, self.tail[fetched] + self.head[fetched] - end)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_via(self) -> cython.int:
        """Go to a via node that is missed, or somewhere."""
        d: cython.int = self._below(self.days)
        v: cython.int
        b: cython.int
        i: cython.int
        if self.vias == 0:
            return 0
        v = self.via[self._below(self.vias)]
        self._mark_spots(d, 0, self.size[d])
        self._begin_fresh()
        self._shuffle(d)
        b = self._search(v, -2, self.infinite, self.n + 1)
        if b < 0:
            return 0
        i = self.spot[b]
        self._trace_back(b)
        return self._rejoin(d, i, self._span(), v)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _again_at(self, d: cython.int, i: cython.int) -> cython.int:
        """A random position after i where a day is at the same node once more, -1 if there is none."""
        k: cython.int
        found: cython.int = -1
        count: cython.int = 0
        base: cython.int = d * self.wide
        v: cython.int = self.node[base + i]
        for k in range(i + 1, self.size[d] + 1):
            if self.node[base + k] == v:
                count += 1
                if count == 1 or self._below(count) == 0:
                    found = k
        return found

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_drop(self, backwards: cython.int) -> cython.int:
        """Leave out a closed part of a day, or walk it backwards."""
        d: cython.int = self._below(self.days)
        i: cython.int
        j: cython.int = -1
        k: cython.int
        for k in range(6):
            i = self._below(self.size[d] + 1)
            j = self._again_at(d, i)
            if j >= 0:
                break
        if j < 0:
            return 0
        self._begin_fresh()
        if backwards:
            for k in range(i, j):
                self.fresh[k - i] = self.edge[d * self.room + k]
            self.fresh_size = j - i
        return self._replace(d, i, j, -1, backwards)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_night(self, d: cython.int) -> cython.int:
        """Let the night after day d fall earlier or later on the way, or at another camp of the place.

        For the last day: start and end at another trailhead on the way.
        """
        later: cython.int = self._random() & 1
        last: cython.int = d == self.days - 1
        morning: cython.int = 0 if last else d + 1
        day: cython.int = morning if later else d
        base: cython.int = day * self.wide
        i: cython.int
        k: cython.int
        c: cython.int
        v: cython.int
        count: cython.int = 0
        camp: cython.int = -1
        at: cython.int = -1
        for i in range(self.size[day] + 1):
            v = self.node[base + i]
            if last:
                if self.is_home[v] and v != self.home:
                    count += 1
                    if self._below(count) == 0:
                        at = i
                continue
            for k in range(self.here_first[v], self.here_first[v + 1]):
                c = self.here_camp[k]
                if c != self.night[d] and not self.camp_banned[c] >> d & 1:
                    count += 1
                    if self._below(count) == 0:
                        camp = c
                        at = i
        if at < 0:
            return 0
        self._save(d)
        self._save(morning)
        self._begin_fresh()
        v = self.node[base + at]
        if last:
            self.home = v
        else:
            self.night[d] = camp
        if later:
            for k in range(at):
                self.fresh[k] = self.edge[morning * self.room + k]
            self.fresh_size = at
            # the morning goes to the evening before
            self._begin_later(morning, at)
            return self._replace(d, self.size[d], self.size[d], -1, 0)
        for k in range(at, self.size[d]):
            self.fresh[k - at] = self.edge[d * self.room + k]
        self.fresh_size = self.size[d] - at
        self._cut(d, at)
        return self._replace(morning, 0, 0, v, 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _begin_later(self, d: cython.int, i: cython.int) -> cython.void:
        """Drop the first i edges of a day."""
        k: cython.int
        edges: cython.int = d * self.room
        nodes: cython.int = d * self.wide
        for k in range(i):
            self._unpass(d, self.edge[edges + k], self.node[nodes + k])
        for k in range(self.size[d] - i):
            self.edge[edges + k] = self.edge[edges + i + k]
            self.node[nodes + k] = self.node[nodes + i + k]
        self.node[nodes + self.size[d] - i] = self.node[nodes + self.size[d]]
        self.size[d] -= i

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_part(self) -> cython.int:
        """Walk a closed part of a day on another day that comes by."""
        d: cython.int = self._below(self.days)
        other: cython.int = self._below(self.days - 1)
        i: cython.int = 0
        j: cython.int = -1
        k: cython.int
        at: cython.int = -1
        count: cython.int = 0
        if other >= d:
            other += 1
        for k in range(6):
            i = self._below(self.size[d] + 1)
            j = self._again_at(d, i)
            if j >= 0:
                break
        if j < 0:
            return 0
        for k in range(self.size[other] + 1):
            if self.node[other * self.wide + k] == self.node[d * self.wide + i]:
                count += 1
                if self._below(count) == 0:
                    at = k
        if at < 0:
            return 0
        count = j - i
        for k in range(count):
            self.aside[k] = self.edge[d * self.room + i + k]
        self._begin_fresh()
        if self._replace(d, i, j, -1, 0) == 0:
            return 0
        for k in range(count):
            self.fresh[k] = self.aside[k]
        self.fresh_size = count
        return self._replace(other, at, at, -1, self._random() & 1)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_turn(self) -> cython.int:
        """Walk a closed part of several days backwards, its nights with it; or the whole trek."""
        a: cython.int = self._below(self.days)
        b: cython.int = self._below(self.days)
        i: cython.int = 0
        j: cython.int = -1
        k: cython.int
        d: cython.int
        v: cython.int
        count: cython.int = 0
        if a > b:
            d = a
            a = b
            b = d
        if a == b:
            a = 0
            b = self.days - 1
            j = self.size[b]
        else:
            i = self._below(self.size[a] + 1)
            for k in range(self.size[b] + 1):
                if self.node[b * self.wide + k] == self.node[a * self.wide + i]:
                    count += 1
                    if self._below(count) == 0:
                        j = k
        if j < 0:
            return 0
        for d in range(a, b):
            if self.camp_banned[self.night[a + b - 1 - d]] >> d & 1:
                return 0
        for d in range(a, b + 1):
            self._save(d)
            for k in range(self.size[d]):
                self.turned[d * self.room + k] = self.edge[d * self.room + k]
            self.turned_size[d] = self.size[d]
        for d in range(a, b + 1):
            self._cut(d, i if d == a else 0)
        for k in range((b - a) >> 1):
            v = self.night[a + k]
            self.night[a + k] = self.night[b - 1 - k]
            self.night[b - 1 - k] = v
        for d in range(a, b + 1):
            if d > a:
                self.node[d * self.wide] = self.camp_node[self.night[d - 1]]
            # what was walked on the day that lies as far from the other end
            v = a + b - d
            count = i if v == a else 0
            k = (j if v == b else self.turned_size[v]) - 1
            while k >= count:
                if self._append(d, self.turned[v * self.room + k]) == 0:
                    return 0
                k -= 1
        for k in range(j, self.turned_size[b]):
            if self._append(b, self.turned[b * self.room + k]) == 0:
                return 0
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_place(self, d: cython.int) -> cython.int:
        """Another camp for the night after day d, or another trailhead where d is the last day: both ways anew."""
        morning: cython.int = d + 1 if d < self.days - 1 else 0
        i: cython.int = max(0, self.size[d] - (self._span() if self._random() & 3 else self._below(2)))
        j: cython.int = min(self.size[morning], (self._span() if self._random() & 3 else self._below(2)))
        k: cython.int
        q: cython.int
        v: cython.int
        c: cython.int
        place: cython.int = -1
        camp: cython.int = -1
        count: cython.int = 0
        most: cython.int = 32 << self._below(5 if self._random() & 7 else 8)
        self._begin_fresh()
        self._shuffle(d)
        self._search(self.node[d * self.wide + i], -1, self.infinite, most)
        for k in range(self.settled_size):
            v = self.settled[k]
            if d == self.days - 1:
                if self.is_home[v] and v != self.home:
                    count += 1
                    if self._below(count) == 0:
                        place = v
                continue
            for q in range(self.here_first[v], self.here_first[v + 1]):
                c = self.here_camp[q]
                if c != self.night[d] and not self.camp_banned[c] >> d & 1:
                    count += 1
                    if self._below(count) == 0:
                        camp = c
                        place = v
        if place < 0:
            return 0
        self._trace(place)
        if self._replace(d, i, self.size[d], -1, 0) == 0:
            return 0
        # with a day of its own that goes round, both changes are on one day
        if self._morning(morning, j, place, 2 * most + 300) == 0:
            return 0
        if d == self.days - 1:
            self.home = place
        else:
            self.night[d] = camp
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _morning(self, d: cython.int, j: cython.int, place: cython.int, most: cython.int) -> cython.int:
        """Begin a day at a place, and go to its position j by a new way."""
        b: cython.int = self.node[d * self.wide + j]
        self._begin_fresh()
        self._shuffle(d)
        if self._search(place, b, self.infinite, most) < 0:
            return 0
        self._trace(b)
        return self._replace(d, 0, j, place, 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_day(self) -> cython.int:
        """A day, or much of it, by a place somewhere else."""
        d: cython.int = self._below(self.days)
        size: cython.int = self.size[d]
        i: cython.int = self._below(size + 1)
        j: cython.int
        v: cython.int
        around: cython.int
        self._begin_fresh()
        self._shuffle(d)
        self._search(self.node[d * self.wide + i], -1, self.max_length[d], 50 << self._below(5))
        v = self.settled[self._below(self.settled_size)]
        self._trace(v)
        around = self._below(size + 1)
        if self._random() & 1:
            return self._rejoin(d, i, around, v)
        j = min(size, i + around)
        self.reuse = self._below(4)
        if self._search(v, self.node[d * self.wide + j], self.infinite, self.n + 1) < 0:
            return 0
        self._trace(self.node[d * self.wide + j])
        return self._replace(d, i, j, -1, 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move(self) -> cython.int:
        r: cython.ulonglong = self._random() & 255
        if r < 92:
            return self._move_path()
        if r < 160:
            return self._move_fetch()
        if r < 180:
            return self._move_drop(0)
        if r < 184:
            return self._move_drop(1)
        if r < 192:
            return self._move_part()
        if r < 212:
            return self._move_night(self._below(self.days - 1))
        if r < 214:
            return self._move_night(self.days - 1)
        if r < 217:
            return self._move_turn()
        if r < 237:
            return self._move_place(self._below(self.days - 1))
        if r < 243:
            return self._move_place(self.days - 1)
        if r < 250:
            return self._move_day()
        if self.vias > 0:
            return self._move_via()
        return self._move_path()

    # --- annealing

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _anneal(self, moves: cython.longlong, hot: cython.longlong, cold: cython.longlong) -> cython.longlong:
        objective: cython.longlong = self._objective()
        temperature: cython.longlong = hot
        new: cython.longlong
        k: cython.longlong
        fine: cython.int
        for k in range(moves):
            if k & 31 == 0:
                temperature = hot - (hot - cold) * k // moves
                if self.mark > 2000000000:
                    self._unmark()
            self.saved = 0
            fine = self._move()
            while fine == 1 and self._random() & 3 == 0:
                fine = self._move()
            if fine == 0 or 2 * self.days + self.walked > self.record:
                self._undo()
                continue
            new = self._objective()
            if new >= objective or objective - new <= temperature * self.logarithm[self._random() >> 20] >> 16:
                objective = new
                self._keep_if_best()
            else:
                self._undo()
        self.saved = 0
        self.moves += moves
        return objective

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unmark(self) -> cython.void:
        v: cython.int
        for v in range(self.n):
            self.marked[v] = 0
        self.mark = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _keep_if_best(self) -> cython.void:
        if self.excess == 0 and self.value > self.best_value:
            self.best_value = self.value
            self.has_best = 1
            self._write(self.best, 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _write(self, into: cython.int[::1], base: cython.int) -> cython.void:
        d: cython.int
        k: cython.int
        at: cython.int = base + 2 * self.days
        into[base] = self.home
        for d in range(self.days - 1):
            into[base + 1 + d] = self.night[d]
        for d in range(self.days):
            into[base + self.days + d] = self.size[d]
            for k in range(self.size[d]):
                into[at] = self.edge[d * self.room + k]
                at += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _load(self, slot: cython.int) -> cython.void:
        d: cython.int
        k: cython.int
        base: cython.int = slot * self.record
        at: cython.int = base + 2 * self.days
        self._clear()
        self.home = self.kept[base]
        for d in range(self.days - 1):
            self.night[d] = self.kept[base + 1 + d]
        for d in range(self.days):
            self.node[d * self.wide] = self.home if d == 0 else self.camp_node[self.night[d - 1]]
            for k in range(self.kept[base + self.days + d]):
                self._append(d, self.kept[at])
                at += 1
        self.best_value = self.kept_best_value[slot]
        self.has_best = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _store(self, slot: cython.int, objective: cython.longlong) -> cython.void:
        k: cython.int
        base: cython.int = slot * self.record
        self._objective()
        self.kept_valid[slot] = self.excess == 0
        self.kept_objective[slot] = objective
        self._write(self.kept, base)
        if self.has_best:
            self.kept_best_value[slot] = self.best_value
            for k in range(self.record):
                self.kept_best[base + k] = self.best[k]

    # --- first treks

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _measure_camp(self, c: cython.int) -> cython.void:
        k: cython.int
        v: cython.int
        row: cython.longlong
        row = self.camps + self.homes
        row *= c
        self.mode = 0
        self._search(self.camp_node[c], -1, self.longest_day, self.n + 1)
        for k in range(self.camps + self.homes):
            v = self.camp_node[k] if k < self.camps else self.home_node[k - self.camps]
            self.near[row + k] = self.distance[v] if self.seen[v] == self.stamp else self.infinite
        if self.keeps_far:
            row = c
            row *= self.n
            for v in range(self.n):
                self.far[row + v] = self.distance[v] if self.seen[v] == self.stamp else self.infinite
        self.measured[c] = 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _plan_ways_home(self, h: cython.int) -> cython.int:
        """Which camps, night by night, have a way home to trailhead number h by short enough days; 1 if one has."""
        d: cython.int
        c: cython.int
        b: cython.int
        last: cython.int = self.days - 2
        wide: cython.longlong = self.camps + self.homes
        way: cython.longlong
        for c in range(self.camps):
            self.reachable[last * self.camps + c] = 0
            if self.measured[c] and not self.camp_banned[c] >> last & 1:
                way = self.near[c * wide + self.camps + h] + self.camp_spur[c]
                if way <= self.max_length[last + 1]:
                    self.reachable[last * self.camps + c] = 1
        d = last - 1
        while d >= 0:
            for c in range(self.camps):
                self.reachable[d * self.camps + c] = 0
                if self.measured[c] == 0 or self.camp_banned[c] >> d & 1:
                    continue
                for b in range(self.camps):
                    if self.reachable[(d + 1) * self.camps + b]:
                        way = self.near[c * wide + b] + self.camp_spur[c] + self.camp_spur[b]
                        if way <= self.max_length[d + 1]:
                            self.reachable[d * self.camps + c] = 1
                            break
            d -= 1
        return self._draw_nights(h)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _draw_nights(self, h: cython.int) -> cython.int:
        """Draw a camp for each night from which there is a way home; 0 if there is none."""
        d: cython.int
        c: cython.int
        before: cython.int = -1
        wide: cython.longlong = self.camps + self.homes
        way: cython.longlong
        weight: cython.longlong
        total: cython.longlong
        chosen: cython.int
        for d in range(self.days - 1):
            total = 0
            chosen = -1
            for c in range(self.camps):
                if self.reachable[d * self.camps + c] == 0:
                    continue
                if d == 0:
                    way = self.near[c * wide + self.camps + h] + self.camp_spur[c]
                else:
                    way = self.near[before * wide + c] + self.camp_spur[before] + self.camp_spur[c]
                if way > self.max_length[d]:
                    continue
                # a day that goes somewhere rather than one that is nearly none, or only just possible
                weight = 1
                if 4 * way > self.max_length[d]:
                    weight = 4 if 5 * way < 4 * self.max_length[d] else 2
                total += weight
                if self._below(total) < weight:
                    chosen = c
            if chosen < 0:
                return 0
            self.night[d] = chosen
            before = chosen
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _build_day(self, d: cython.int, goal: cython.int) -> cython.int:
        """A first day to a node: by a place in between where that makes the day about as long as it should be."""
        here: cython.int = self.node[d * self.wide]
        k: cython.int
        tries: cython.int
        v: cython.int
        e: cython.int
        place: cython.int = -1
        room: cython.longlong
        aim: cython.longlong
        off: cython.longlong
        least: cython.longlong = 0
        row: cython.longlong
        room = self.max_length[d]
        aim = self.target[d] if self.target[d] >= 0 else (self.min_length[d] + self.max_length[d]) >> 1
        if d > 0:
            room -= self.camp_spur[self.night[d - 1]]
            aim -= self.camp_spur[self.night[d - 1]]
        if d < self.days - 1:
            room -= self.camp_spur[self.night[d]]
            aim -= self.camp_spur[self.night[d]]
        if self.keeps_far and d < self.days - 1:
            row = self.night[d]
            row *= self.n
            for v in range(self.n):
                self.back[v] = self.far[row + v]
        else:
            self.mode = 1
            self.day = d
            for v in range(self.n):
                self.back[v] = self.infinite
            self._search(goal, -1, room, self.n + 1)
            for k in range(self.settled_size):
                self.back[self.settled[k]] = self.distance[self.settled[k]]
        self._begin_fresh()
        self._shuffle(d)
        self._search(here, -1, 2 * room + 1, self.n + 1)
        for k in range(self.settled_size):
            v = self.settled[k]
            e = self.arrival[v]
            self.way[v] = 0 if e < 0 else self.way[self.tail[e] + self.head[e] - v] + self.length[e]
        tries = 1 + self._below(24)
        for k in range(tries):
            v = self.settled[self._below(self.settled_size)]
            off = self.way[v] + self.back[v]
            if off > room:
                continue
            off = aim - off if off < aim else off - aim
            if place < 0 or off < least:
                least = off
                place = v
        if place >= 0 and place != here:
            self._trace(place)
            for k in range(self.fresh_size):
                if self._append(d, self.fresh[k]) == 0:
                    return 0
            here = place
        self._begin_fresh()
        self._shuffle(d)
        if self._search(here, goal, self.infinite, self.n + 1) < 0:
            return 0
        self._trace(goal)
        for k in range(self.fresh_size):
            if self._append(d, self.fresh[k]) == 0:
                return 0
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _build(self) -> cython.int:
        """A first trek: nights by distances, days by places in between; 0 where the draw came to nothing."""
        d: cython.int
        h: cython.int = self._below(self.homes)
        if self._plan_ways_home(h) == 0:
            return 0
        self.home = self.home_node[h]
        for d in range(self.days):
            self.node[d * self.wide] = self.home if d == 0 else self.camp_node[self.night[d - 1]]
            if self._build_day(d, self.home if d == self.days - 1 else self.camp_node[self.night[d]]) == 0:
                return 0
        return 1

    # --- what trek_search.py calls

    def measure_camp(self, c: cython.int):
        """Find the distances from a camp to the others and to the trailheads; first treks use only such camps."""
        with cython.nogil:
            self._measure_camp(c)

    def set_prices(self, length, climb, time, share, missed, dry, broken):
        """Prices of a unit outside the limits, in hundredths of a point; cut to what cannot leave 64 bits."""
        most = INFINITE // (64 * 2 * self.days * (1 + sum(self.length)))
        self.length_price = max(1, min(length, most))
        self.climb_price = max(1, min(climb, INFINITE // (64 * 2 * self.days * (1 + sum(self.up) + sum(self.down)))))
        self.time_price = max(1, min(time, INFINITE >> 40))
        self.share_price = max(1, min(share, most))
        self.missed_price = max(1, min(missed, INFINITE // (64 * (1 + self.vias))))
        self.dry_price = max(1, min(dry, most))
        self.broken_price = min(broken, INFINITE >> 10)

    def set_worths(self, worths):
        """Let the edges earn something else; treks that are kept are not valued anew."""
        if self.walked:
            self._clear()
        self.worth = array("q", worths)
        densest = max((w // max(1, x) for w, x in zip(worths, self.length, strict=True)), default=0)
        base = array("q", self.length)
        for e, (w, x) in enumerate(zip(worths, self.length, strict=True)):
            if w < densest * x:
                base[e] = 2 * x if w <= 0 else 2 * x - w // max(1, densest)
        self.base = base

    def start(self, slot: cython.int):
        """Give a slot a first trek; False where the draw came to nothing."""
        fine: cython.int
        with cython.nogil:
            self._clear()
            self.has_best = 0
            self.best_value = -self.infinite
            self.kept_best_value[slot] = -self.infinite
            fine = self._build()
            if fine and 2 * self.days + self.walked <= self.record:
                self._objective()
                self._keep_if_best()
                self._store(slot, self._objective())
            else:
                fine = 0
                self._clear()
                self.kept_objective[slot] = -self.infinite
        return fine == 1

    def put(self, slot: cython.int, home: cython.int, nights, walks):
        """Give a slot a known trek: its start, camps and edges day by day; False where it cannot be taken."""
        self._clear()
        self.has_best = 0
        self.best_value = self.kept_best_value[slot] = -self.infinite
        self.kept_objective[slot] = -self.infinite
        self.home = home
        for d, camp in enumerate(nights):
            self.night[d] = camp
        if sum(map(len, walks)) + 2 * self.days > self.record:
            return False
        for d, walk in enumerate(walks):
            self.node[d * self.wide] = home if d == 0 else self.camp_node[self.night[d - 1]]
            for e in walk:
                if not self._append(d, e):
                    self._clear()
                    return False
        self._objective()
        self._keep_if_best()
        self._store(slot, self._objective())
        return True

    def anneal(self, slot: cython.int, moves: cython.longlong, hot: cython.longlong, cold: cython.longlong):
        """Anneal the trek of a slot, the temperature falling in a line from `hot` to `cold` (hundredths of a point)."""
        with cython.nogil:
            self._load(slot)
            self._store(slot, self._anneal(moves, hot, cold))

    def forget(self, slot: cython.int):
        """Empty a slot."""
        self.kept_objective[slot] = self.kept_best_value[slot] = -self.infinite

    def draw(self, k: cython.int):
        """A random number in 0..k-1."""
        return self._below(k)

    def objective_of(self, slot: cython.int):
        """Objective of the trek of a slot, penalties included; -INFINITE: none."""
        return self.kept_objective[slot]

    def is_valid(self, slot: cython.int):
        """Whether the trek of a slot, as it is now, keeps all limits."""
        return self.kept_valid[slot] != 0

    def best_value_of(self, slot: cython.int):
        """Objective of the best valid trek a slot has seen; -INFINITE for none."""
        return self.kept_best_value[slot]

    def best_of(self, slot: cython.int):
        """The best valid trek a slot has seen: its start, its camps, and its edges day by day."""
        return self._read(self.kept_best, slot)

    def current_of(self, slot: cython.int):
        """The trek of a slot as it is now, valid or not."""
        return self._read(self.kept, slot)

    def _read(self, records, slot):
        record = list(records[slot * self.record : (slot + 1) * self.record])
        walks = []
        at = 2 * self.days
        for size in record[self.days : 2 * self.days]:
            walks.append(tuple(record[at : at + size]))
            at += size
        return record[0], tuple(record[1 : self.days]), tuple(walks)

    def move_count(self):
        """Moves tried so far."""
        return self.moves
