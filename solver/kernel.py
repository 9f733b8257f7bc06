# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The hot core: simulated annealing on closed walks, written once for Cython and for plain Python.

Cython's pure-Python mode compiles this file when the package is built; without a compiler the very same file is
imported as it is. Every number is an integer, the random generator is our own, and nothing depends on the clock,
so both give the same loops for the same seed and the same number of moves.

A walk is kept as a multiset of edges, `y[e]` in {0, 1, 2}, that is even at every node, connected, and touches a
trailhead and every via node: then a closed walk over exactly these edges exists (Euler). Moves change the multiset
by whole cycles or by out-and-back branches, so evenness never breaks; connectivity that breaks is repaired by
walking dropped stretches twice (Kruskal over the dropped runs); a missing trailhead or via node is reached by the
shortest branch. Only the window and the limits on climb, repetition and road are soft, with penalties.
"""

from __future__ import annotations

from array import array
from mmap import mmap

try:
    import cython
except ImportError:
    from solver import _interpreted as cython

COMPILED = cython.compiled

#: One unit of the objective is 1/256 of a score point, so that temperatures and prices can stay integers.
POINT = 256

#: "No such value" for lengths and objectives; far above any sum, far below 2^63.
INFINITE = 1 << 60

#: Limits on shares are whole numbers of these parts, so that shares written with four decimals are exact.
SHARE_PARTS = 10_000

#: At nodes with more edges than this, the shortest cycles through pairs of them are not kept, there are too many.
MOST_KEPT_CORNERS = 64


def _zeros(typecode, size):
    return array(typecode, bytes(array(typecode).itemsize * size))


def _untouched_zeros(typecode, size):
    """As `_zeros`, but takes memory only where it is written to."""
    return memoryview(mmap(-1, array(typecode).itemsize * max(1, size))).cast(typecode)


def _negative_logarithms():
    """-ln(u) for u = (2 i + 1) / 8192, i < 4096, in units of 1/65536.

    The binary logarithm is found digit by digit, squaring whole numbers below 2^31, because `math.log` may differ in
    its last place from machine to machine. The error is below 2^-25.
    """
    ln2: cython.ulonglong = 2977044472  # ln 2 in units of 2^-32
    one: cython.ulonglong = 1 << 30
    x: cython.ulonglong
    halvings: cython.ulonglong
    fraction: cython.ulonglong  # of log2(x / one), 24 binary digits
    i: cython.int
    table = array("q")
    for i in range(4096):
        x = (2 * i + 1) << 18
        halvings = 1
        while x < one:
            x <<= 1
            halvings += 1
        fraction = 0
        for _ in range(24):
            x = x * x >> 30
            fraction <<= 1
            if x >= 2 * one:
                x >>= 1
                fraction |= 1
        table.append(((halvings << 24) - fraction) * ln2 >> 40)
    return table


_LOGARITHMS = _negative_logarithms()


@cython.cclass
class Graph:
    """An undirected multigraph with the shortest-path search that everything here uses.

    Parameters
    ----------
    node_count : nodes are 0..node_count-1.
    tails, heads, lengths : the two ends and the length of each edge.
    """

    n: cython.int
    m: cython.int
    tail: cython.int[::1]
    head: cython.int[::1]
    length: cython.longlong[::1]
    # the edges at node v are link_edge[first[v]:first[v + 1]], leading to link_node; a self-loop stands there once
    first: cython.int[::1]
    link_edge: cython.int[::1]
    link_node: cython.int[::1]
    # shortest paths: a node is seen, done in the search at hand where its stamp says so
    stamp: cython.int
    seen: cython.int[::1]
    done: cython.int[::1]
    distance: cython.longlong[::1]
    arrival: cython.int[::1]  # edge by which the node was reached, -1 at a source
    settled: cython.int[::1]
    settled_size: cython.int
    heap_key: cython.longlong[::1]
    heap_node: cython.int[::1]
    heap_size: cython.int
    infinite: cython.longlong

    def __init__(self, node_count, tails, heads, lengths):
        edge_count = len(tails)
        self.n = node_count
        self.m = edge_count
        self.tail = array("i", tails)
        self.head = array("i", heads)
        self.length = array("q", lengths)
        self.first = _zeros("i", node_count + 1)
        self.link_edge = _zeros("i", 2 * edge_count + 1)
        self.link_node = _zeros("i", 2 * edge_count + 1)
        self.seen = _zeros("i", node_count)
        self.done = _zeros("i", node_count)
        self.distance = _zeros("q", node_count)
        self.arrival = _zeros("i", node_count)
        self.settled = _zeros("i", node_count)
        self.heap_key = _zeros("q", 2 * edge_count + node_count + 1)
        self.heap_node = _zeros("i", 2 * edge_count + node_count + 1)
        self.stamp = self.heap_size = self.settled_size = 0
        self.infinite = INFINITE
        self._link()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _link(self) -> cython.void:
        e: cython.int
        v: cython.int
        for e in range(self.m):
            self.first[self.tail[e]] += 1
            if self.tail[e] != self.head[e]:
                self.first[self.head[e]] += 1
        total: cython.int = 0
        count: cython.int
        for v in range(self.n + 1):
            if v < self.n:
                count = self.first[v]
            else:
                count = 0
            self.first[v] = total
            total += count
        # `settled` serves as the cursor of each node here
        for v in range(self.n):
            self.settled[v] = self.first[v]
        for e in range(self.m):
            v = self.tail[e]
            self.link_edge[self.settled[v]] = e
            self.link_node[self.settled[v]] = self.head[e]
            self.settled[v] += 1
            if self.head[e] != v:
                v = self.head[e]
                self.link_edge[self.settled[v]] = e
                self.link_node[self.settled[v]] = self.tail[e]
                self.settled[v] += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _weight(self, e: cython.int) -> cython.longlong:
        """What walking an edge costs in the search at hand; negative: it may not be walked."""
        return self.length[e]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _arrived(self, v: cython.int, goal: cython.int) -> cython.int:
        """Whether the search at hand may end at v."""
        return v == goal

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _begin(self) -> cython.void:
        v: cython.int
        if self.stamp == 2147483646:  # before 32 bits are not enough
            for v in range(self.n):
                self.seen[v] = self.done[v] = 0
            self.stamp = 0
        self.stamp += 1
        self.heap_size = 0
        self.settled_size = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _source(self, v: cython.int) -> cython.void:
        if self.seen[v] != self.stamp:
            self.seen[v] = self.stamp
            self.distance[v] = 0
            self.arrival[v] = -1
            self._push(0, v)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _push(self, key: cython.longlong, v: cython.int) -> cython.void:
        i: cython.int = self.heap_size
        up: cython.int
        self.heap_size += 1
        while i > 0:
            up = (i - 1) >> 1
            if self.heap_key[up] <= key:
                break
            self.heap_key[i] = self.heap_key[up]
            self.heap_node[i] = self.heap_node[up]
            i = up
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
    def _search(self, goal: cython.int, avoided: cython.int, limit: cython.longlong, most: cython.int) -> cython.int:
        """Dijkstra from the sources pushed since `_begin`; 1 if `goal` was reached.

        Nodes farther than `limit` are not reached, `avoided` is not entered, after `most` nodes it ends.
        """
        v: cython.int
        w: cython.int
        i: cython.int
        e: cython.int
        weight: cython.longlong
        reached: cython.longlong
        while self.heap_size > 0:
            v = self._pop()
            if self.done[v] == self.stamp:
                continue
            self.done[v] = self.stamp
            self.settled[self.settled_size] = v
            self.settled_size += 1
            if self._arrived(v, goal):
                return 1
            if self.settled_size >= most:
                return 0
            for i in range(self.first[v], self.first[v + 1]):
                w = self.link_node[i]
                if w == avoided or self.done[w] == self.stamp:
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
        return 0

    def distances(self, sources, limit):
        """Distance of every node from the nearest of `sources`; INFINITE beyond `limit`."""
        self._begin()
        for source in sources:
            self._source(source)
        self._search(-1, -1, limit, self.n + 1)
        result = _zeros("q", self.n)
        view: cython.longlong[::1] = result
        v: cython.int
        for v in range(self.n):
            if self.seen[v] == self.stamp:
                view[v] = self.distance[v]
            else:
                view[v] = self.infinite
        return result


def within_reach(node_count, tails, heads, costs, places, limit):
    """Ids of the edges that a closed walk of cost at most `limit` can use that touches one node of each of `places`.

    An edge u-v can be used only if d(u) + cost + d(v) <= limit, where d is the distance to the nearest node of a place.
    """
    graph = Graph(node_count, tails, heads, costs)
    cost: cython.longlong[::1] = graph.length
    tail: cython.int[::1] = graph.tail
    head: cython.int[::1] = graph.head
    most: cython.longlong = limit
    near: cython.longlong[::1]
    e: cython.int
    kept = range(graph.m)
    for nodes in places:
        near = graph.distances(nodes, limit)
        here = array("i")
        for e in kept:
            if near[tail[e]] + near[head[e]] + cost[e] <= most:
                here.append(e)
        kept = here
    return kept


def renumbered(node_count, tails, heads):
    """Number the nodes at some edges afresh, in the order met.

    Returns the new number of each node (-1: at no edge), the count of those that have one, and the ends by new numbers.
    """
    numbers = array("i", [-1]) * node_count
    new_tails = array("i", tails)
    new_heads = array("i", heads)
    number: cython.int[::1] = numbers
    tail: cython.int[::1] = new_tails
    head: cython.int[::1] = new_heads
    count: cython.int = 0
    e: cython.int
    for e in range(len(tails)):
        if number[tail[e]] < 0:
            number[tail[e]] = count
            count += 1
        if number[head[e]] < 0:
            number[head[e]] = count
            count += 1
        tail[e] = number[tail[e]]
        head[e] = number[head[e]]
    return numbers, count, new_tails, new_heads


@cython.cclass
class Kernel(Graph):
    """A loop problem on a reduced network, ready to be searched.

    Parameters
    ----------
    node_count, tails, heads, lengths, scores, repeat_costs, climbs, roads : the network; `scores` with preferences,
        `climbs` as in `Edge.climb`.
    trailheads : nodes, at least one. vias : nodes to be touched, at most 30 (`MOST_VIAS`).
    min_length, max_length, target, overlength_cost : as in `LoopProblem`.
    max_climb : twice the ascent limit, -1 for none.
    repeat_limit, road_limit : shares of the length in units of 1/SHARE_PARTS, -1 for none.
    slots : how many walks are kept side by side. seed : of the random generator.

    Memory: at most 200 bytes for each node and 160 for each edge at first (12 more a node for each via node);
    then, as needed, up to 24 MB of cycles and 8 bytes for each edge of each walk kept.

    Raises
    ------
    ValueError : numbers so large that sums of them could leave 64 bits.
    """

    score: cython.longlong[::1]
    again: cython.longlong[::1]  # what walking an edge a second time costs
    climb: cython.longlong[::1]
    road: cython.longlong[::1]
    # what has to be touched: kind 0 is "any trailhead", kinds 1.. are the via nodes; a bit mask for each node
    kinds: cython.int
    wanted: cython.int[::1]
    wanted_distance: cython.longlong[::1]  # kinds x nodes: to the nearest node of the kind
    wanted_step: cython.int[::1]  # kinds x nodes: the first edge on the way there, -1 at it
    touched: cython.int[::1]  # for each kind: how many of its nodes the walk touches
    min_length: cython.longlong
    max_length: cython.longlong
    target: cython.longlong
    overlength_cost: cython.longlong
    max_climb: cython.longlong
    repeat_limit: cython.longlong
    road_limit: cython.longlong
    # the walk at hand
    y: cython.schar[::1]
    walk: cython.int[::1]  # the edges with y > 0, in no order
    walk_size: cython.int
    place: cython.int[::1]  # of each edge in `walk`
    ends: cython.int[::1]  # of each node: how many walked edges end there
    home: cython.int  # where an empty walk stands
    total_length: cython.longlong
    total_score: cython.longlong  # less the repeat costs
    total_climb: cython.longlong
    total_road: cython.longlong
    total_repeat: cython.longlong
    excess: cython.longlong  # what the last `_objective` charged for broken limits
    # changes of the move at hand, to be undone
    change_edge: cython.int[::1]
    change_old: cython.schar[::1]
    changes: cython.int
    most_changes: cython.int
    # the best walk of the run at hand, entries 4 * edge + y
    best: cython.int[::1]
    best_size: cython.int
    best_value: cython.longlong
    # the walks kept side by side, a slot each: as it is now, and the best of its history, `capacity` entries for each
    capacity: cython.int
    kept: cython.int[::1]
    kept_size: cython.int[::1]
    kept_home: cython.int[::1]
    kept_objective: cython.longlong[::1]
    kept_best: cython.int[::1]
    kept_best_size: cython.int[::1]
    kept_best_value: cython.longlong[::1]
    # no walk is longer or climbs more than this
    most_length: cython.longlong
    most_climb: cython.longlong
    # prices of a unit of excess, in units of the objective
    length_price: cython.longlong
    climb_price: cython.longlong
    share_price: cython.longlong
    # the nearest lengths seen outside the window
    below: cython.longlong
    above: cython.longlong
    # the shortest cycle through each corner (two edges at a node), found when first asked for
    corner_first: cython.int[::1]  # of each node: where its corners start in corner_cycle; -1: they are not kept
    corner_cycle: cython.int[::1]  # position in cycle_pool; 0 not asked for, -1 none
    cycle_pool: cython.int[::1]  # size, then the edges in order
    cycle_pool_size: cython.int
    cycle_used: cython.int
    cycle: cython.int[::1]  # the cycle at hand: edges in order from node `cycle_start`
    cycle_size: cython.int
    cycle_start: cython.int
    cycle_most: cython.int
    aside: cython.int[::1]  # a piece of path, kept aside
    # the search at hand
    mode: cython.int
    salt: cython.ulonglong
    # connectivity
    mark: cython.int
    marked: cython.int[::1]
    leader: cython.int[::1]
    run_from: cython.int[::1]
    run_size: cython.int[::1]
    run_u: cython.int[::1]
    run_v: cython.int[::1]
    run_length: cython.longlong[::1]
    attraction: cython.longlong[::1]  # of each node: score around it, smoothed
    random_state: cython.ulonglong
    # constants above 2^63, which C would take for signed: 64 ones, and two odd multipliers that mix bits well
    ones: cython.ulonglong
    mixer: cython.ulonglong
    second_mixer: cython.ulonglong
    logarithm: cython.longlong[::1]
    moves: cython.longlong

    def __init__(
        self,
        node_count,
        tails,
        heads,
        lengths,
        scores,
        repeat_costs,
        climbs,
        roads,
        trailheads,
        vias,
        *,
        min_length,
        max_length,
        target,
        overlength_cost,
        max_climb,
        repeat_limit,
        road_limit,
        slots,
        seed,
    ):
        Graph.__init__(self, node_count, tails, heads, lengths)
        n = self.n
        m = self.m
        # C starts these at 0, plain Python has to be told
        self.mode = self.salt = self.mark = self.changes = self.walk_size = self.home = 0
        self.total_length = self.total_score = self.total_climb = self.total_road = self.total_repeat = 0
        self.excess = self.best_size = self.best_value = self.cycle_size = self.cycle_start = 0
        self.score = array("q", scores)
        self.again = array("q", repeat_costs)
        self.climb = array("q", climbs)
        self.road = array("q", roads)
        self.min_length = min_length
        self.max_length = max_length
        self.target = target
        self.overlength_cost = overlength_cost
        self.max_climb = max_climb
        self.repeat_limit = repeat_limit
        self.road_limit = road_limit
        self.y = _zeros("b", m + 1)
        self.walk = _zeros("i", m + 1)
        self.place = _zeros("i", m + 1)
        self.ends = _zeros("i", n)
        self._measure(lengths, climbs)
        self.most_changes = 4 * m + 64
        self.change_edge = _zeros("i", self.most_changes)
        self.change_old = _zeros("b", self.most_changes)
        self.capacity = self._most_edges(lengths) + 1
        self.best = _zeros("i", self.capacity)
        self.kept = _untouched_zeros("i", slots * self.capacity)
        self.kept_size = _zeros("i", slots)
        self.kept_home = _zeros("i", slots)
        self.kept_objective = _zeros("q", slots)
        self.kept_best = _untouched_zeros("i", slots * self.capacity)
        self.kept_best_size = _zeros("i", slots)
        self.kept_best_value = array("q", [-INFINITE]) * slots
        self.below = -1
        self.above = INFINITE
        self._want(trailheads, vias)
        self._number_corners()
        self.attraction = _zeros("q", n)
        self._attract(6)
        self.marked = _zeros("i", n)
        self.leader = _zeros("i", n)
        for_runs = 3 * n + 4  # a toggled cycle may be made of three paths
        self.run_from = _zeros("i", for_runs)
        self.run_size = _zeros("i", for_runs)
        self.run_u = _zeros("i", for_runs)
        self.run_v = _zeros("i", for_runs)
        self.run_length = _zeros("q", for_runs)
        self.ones = 0xFFFFFFFFFFFFFFFF
        self.mixer = 0x9E3779B97F4A7C15
        self.second_mixer = 0xD6E8FEB86659FD93
        # splitmix-like scrambling, so that neighbouring seeds do not start alike; never 0
        self.random_state = ((seed * 0x9E3779B97F4A7C15 + 0x2545F4914F6CDD1D) & 0xFFFFFFFFFFFFFFFF) | 1
        self.logarithm = _LOGARITHMS
        self.moves = 0
        self.set_prices(POINT, POINT, POINT)

    def _measure(self, lengths, climbs):
        """See to it that nothing leaves 64 bits, whatever is walked; prices are cut in `set_prices`."""
        self.most_length = most = 2 * sum(lengths)
        self.most_climb = 2 * sum(climbs)
        if most > INFINITE // SHARE_PARTS:
            raise ValueError(f"the lengths add up to {most // 2}, want at most {INFINITE // SHARE_PARTS // 2}")
        if self.overlength_cost * 264 * most > INFINITE:
            raise ValueError(
                f"overlength_cost is {self.overlength_cost}, want at most {INFINITE // (264 * most)} "
                f"where lengths add up to {most // 2}"
            )

    def _most_edges(self, lengths):
        """How many edges a walk within the window can have; 8000 are never too many to keep room for."""
        if self.m <= 8000:
            return self.m
        left = self.max_length
        for count, length in enumerate(sorted(lengths)):
            left -= length
            if left < 0:
                return max(count, 8000)
        return self.m

    def _want(self, trailheads, vias):
        self.kinds = 1 + len(vias)
        self.wanted = _zeros("i", self.n)
        self.touched = _zeros("i", self.kinds)
        self.wanted_distance = _zeros("q", self.kinds * self.n)
        self.wanted_step = _zeros("i", self.kinds * self.n)
        kind: cython.int = 0
        v: cython.int
        for nodes in [trailheads, *([via] for via in vias)]:
            self._begin()
            for node in nodes:
                self.wanted[node] |= 1 << kind
                self._source(node)
            self._search(-1, -1, self.infinite, self.n + 1)
            for v in range(self.n):
                if self.seen[v] == self.stamp:
                    self.wanted_distance[kind * self.n + v] = self.distance[v]
                    self.wanted_step[kind * self.n + v] = self.arrival[v]
                else:
                    self.wanted_distance[kind * self.n + v] = self.infinite
                    self.wanted_step[kind * self.n + v] = -1
            kind += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _attract(self, rounds: cython.int) -> cython.void:
        """Score at each node, spread over its surroundings: each round a node takes the mean of its neighbours'."""
        v: cython.int
        i: cython.int
        e: cython.int
        k: cython.int
        total: cython.longlong
        for v in range(self.n):
            self.attraction[v] = 0
        for e in range(self.m):
            if self.score[e] > 0:
                self.attraction[self.tail[e]] += self.score[e] * 16
                self.attraction[self.head[e]] += self.score[e] * 16
        for k in range(rounds):
            for v in range(self.n):
                total = 2 * self.attraction[v]
                for i in range(self.first[v], self.first[v + 1]):
                    total += self.attraction[self.link_node[i]]
                self.attraction[v] = total // (2 + self.first[v + 1] - self.first[v])

    def _number_corners(self):
        self.corner_first = _zeros("i", self.n + 1)
        total: cython.longlong = 0
        degree: cython.longlong
        v: cython.int
        for v in range(self.n):
            degree = self.first[v + 1] - self.first[v]
            if degree > MOST_KEPT_CORNERS:
                self.corner_first[v] = -1
            else:
                self.corner_first[v] = total
                total += degree * (degree - 1) // 2
        self.corner_cycle = _zeros("i", total + 1)
        # about 12 edges a cycle; once the pool is full, further cycles are found afresh each time
        self.cycle_pool_size = min(16 * total + 1024, 6_000_000)
        self.cycle_pool = _untouched_zeros("i", self.cycle_pool_size)
        self.cycle_used = 1
        self.cycle = _zeros("i", 4 * self.n + 4)
        self.aside = _zeros("i", self.n + 1)
        self.cycle_most = 600

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
    def _salt(self) -> cython.ulonglong:
        high: cython.ulonglong = self._random()
        return high << 32 | self._random()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _below(self, k: cython.int) -> cython.int:
        """A random number in 0..k-1."""
        size: cython.ulonglong = k
        return (self._random() * size) >> 32

    # --- the walk at hand

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _put(self, e: cython.int, new: cython.int) -> cython.void:
        """Walk edge e `new` times; all totals follow."""
        old: cython.int = self.y[e]
        u: cython.int = self.tail[e]
        v: cython.int = self.head[e]
        last: cython.int
        by: cython.int = new - old
        if by == 0:
            return
        self.y[e] = new
        self.total_length += by * self.length[e]
        self.total_climb += by * self.climb[e]
        self.total_road += by * self.road[e]
        if old == 2:
            self.total_repeat -= self.length[e]
            self.total_score += self.again[e]
        elif new == 2:
            self.total_repeat += self.length[e]
            self.total_score -= self.again[e]
        if old == 0:
            self.total_score += self.score[e]
            self.place[e] = self.walk_size
            self.walk[self.walk_size] = e
            self.walk_size += 1
            self.ends[u] += 1
            if self.ends[u] == 1 and self.wanted[u]:
                self._touch(u, 1)
            if v != u:
                self.ends[v] += 1
                if self.ends[v] == 1 and self.wanted[v]:
                    self._touch(v, 1)
        elif new == 0:
            self.total_score -= self.score[e]
            self.walk_size -= 1
            last = self.walk[self.walk_size]
            self.walk[self.place[e]] = last
            self.place[last] = self.place[e]
            self.ends[u] -= 1
            if self.ends[u] == 0 and self.wanted[u]:
                self._touch(u, -1)
            if v != u:
                self.ends[v] -= 1
                if self.ends[v] == 0 and self.wanted[v]:
                    self._touch(v, -1)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _touch(self, v: cython.int, by: cython.int) -> cython.void:
        k: cython.int
        for k in range(self.kinds):
            if self.wanted[v] >> k & 1:
                self.touched[k] += by

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _change(self, e: cython.int, new: cython.int) -> cython.void:
        """As `_put`, remembered for `_undo`."""
        self.change_edge[self.changes] = e
        self.change_old[self.changes] = self.y[e]
        self.changes += 1
        self._put(e, new)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _undo(self) -> cython.void:
        while self.changes > 0:
            self.changes -= 1
            self._put(self.change_edge[self.changes], self.change_old[self.changes])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _clear(self) -> cython.void:
        while self.walk_size > 0:
            self._put(self.walk[self.walk_size - 1], 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _value(self) -> cython.longlong:
        """The objective of the problem, without penalties.

        Beyond the target 1/32 is added to the cost: where a metre more costs just what it earns, every length from
        the target on is worth the same, and the one that was asked for shall win.
        """
        value: cython.longlong = self.total_score * 256
        if self.total_length > self.target:
            value -= self.overlength_cost * 264 * (self.total_length - self.target)
        return value

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _objective(self) -> cython.longlong:
        """The value less the prices of broken limits; `excess` tells whether any is broken."""
        other: cython.longlong = 0
        window: cython.longlong = 0
        over: cython.longlong
        if self.max_climb >= 0 and self.total_climb > self.max_climb:
            other += self.climb_price * (self.total_climb - self.max_climb)
        if self.repeat_limit >= 0:
            over = self.total_repeat * 10000 - self.repeat_limit * self.total_length
            if over > 0:
                other += self.share_price * ((over + 9999) // 10000)
        if self.road_limit >= 0:
            over = self.total_road * 10000 - self.road_limit * self.total_length
            if over > 0:
                other += self.share_price * ((over + 9999) // 10000)
        if self.total_length > self.max_length:
            window = self.length_price * (self.total_length - self.max_length)
            if other == 0 and self.total_length < self.above:
                self.above = self.total_length
        elif self.total_length < self.min_length:
            window = self.length_price * (self.min_length - self.total_length)
            if other == 0 and self.total_length > self.below:
                self.below = self.total_length
        self.excess = other + window
        return self._value() - self.excess

    # --- connectivity

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _leader(self, v: cython.int) -> cython.int:
        while self.leader[v] != v:
            self.leader[v] = self.leader[self.leader[v]]
            v = self.leader[v]
        return v

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _components(self) -> cython.int:
        """How many connected parts the walked edges have; `leader` then tells which."""
        i: cython.int
        u: cython.int
        v: cython.int
        parts: cython.int = 0
        if self.mark == 2147483646:  # before 32 bits are not enough
            for v in range(self.n):
                self.marked[v] = 0
            self.mark = 0
        self.mark += 1
        for i in range(self.walk_size):
            u = self.tail[self.walk[i]]
            v = self.head[self.walk[i]]
            if self.marked[u] != self.mark:
                if self.marked[v] != self.mark:
                    self.marked[u] = self.mark
                    self.leader[u] = u
                    parts += 1
                    if u != v:
                        self.marked[v] = self.mark
                        self.leader[v] = u
                else:
                    self.marked[u] = self.mark
                    self.leader[u] = self._leader(v)
            elif self.marked[v] != self.mark:
                self.marked[v] = self.mark
                self.leader[v] = self._leader(u)
            else:
                u = self._leader(u)
                v = self._leader(v)
                if u != v:
                    self.leader[u] = v
                    parts -= 1
        return parts

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _reconnect(self) -> cython.int:
        """After edges of the cycle at hand were dropped: walk the shortest dropped runs twice until all hangs together.

        A run leads along dropped edges from one touched node to the next. 1 if the walk is connected and not empty.
        """
        parts: cython.int
        k: cython.int
        i: cython.int
        j: cython.int
        e: cython.int
        v: cython.int
        first: cython.int = -1
        runs: cython.int = 0
        size: cython.int = self.cycle_size
        if self.walk_size == 0:
            return 0
        parts = self._components()
        if parts == 1:
            return 1
        v = self.cycle_start
        for k in range(size):
            if self.ends[v] > 0:
                first = k
                break
            v = self.tail[self.cycle[k]] + self.head[self.cycle[k]] - v
        if first < 0:
            return 0
        open_run: cython.int = 0
        for i in range(size):
            k = first + i
            if k >= size:
                k -= size
            e = self.cycle[k]
            if self.y[e] == 0:
                if open_run == 0:
                    self.run_from[runs] = k
                    self.run_size[runs] = 0
                    self.run_length[runs] = 0
                    self.run_u[runs] = v
                    open_run = 1
                self.run_size[runs] += 1
                self.run_length[runs] += self.length[e]
            v = self.tail[e] + self.head[e] - v
            if open_run == 1 and self.ends[v] > 0:
                self.run_v[runs] = v
                runs += 1
                open_run = 0
        while parts > 1:
            # few runs: choosing the shortest of those left beats sorting
            j = -1
            for i in range(runs):
                if self.run_size[i] > 0 and (j < 0 or self.run_length[i] < self.run_length[j]):
                    j = i
            if j < 0:
                return 0
            i = self._leader(self.run_u[j])
            k = self._leader(self.run_v[j])
            if i != k:
                self.leader[i] = k
                parts -= 1
                k = self.run_from[j]
                for i in range(self.run_size[j]):
                    self._change(self.cycle[k], 2)
                    k += 1
                    if k == size:
                        k = 0
            self.run_size[j] = 0
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _touch_wanted(self) -> cython.int:
        """Reach every kind of wanted node that the walk misses by the shortest branch; 0 where there is no way."""
        k: cython.int
        i: cython.int
        u: cython.int
        v: cython.int
        e: cython.int
        base: cython.int
        for k in range(self.kinds):
            if self.touched[k] > 0:
                continue
            base = k * self.n
            v = -1
            for i in range(self.walk_size):
                u = self.tail[self.walk[i]]
                if v < 0 or self.wanted_distance[base + u] < self.wanted_distance[base + v]:
                    v = u
                u = self.head[self.walk[i]]
                if self.wanted_distance[base + u] < self.wanted_distance[base + v]:
                    v = u
            if v < 0 or self.wanted_distance[base + v] >= self.infinite:
                return 0
            while self.wanted_step[base + v] >= 0:
                e = self.wanted_step[base + v]
                if self.changes >= self.most_changes:
                    return 0
                if self.y[e] == 0:
                    self._change(e, 2)
                v = self.tail[e] + self.head[e] - v
        return 1

    # --- cycles and searches

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _weight(self, e: cython.int) -> cython.longlong:
        """PLAIN 0: length. FREE 1: random, only edges not walked. WALKED 2: only walked ones. RANDOM 3: random."""
        h: cython.ulonglong
        if self.mode == 0:
            return self.length[e]
        if self.mode == 2:
            if self.y[e] > 0:
                return self.length[e]
            return -1
        if self.mode == 1 and self.y[e] > 0:
            return -1
        # a factor of 1/4 .. 9/4 that this edge keeps during the search
        h = e
        h = ((h + 1) * self.mixer & self.ones) ^ self.salt
        h = h * self.second_mixer & self.ones
        factor: cython.longlong = 64 + (h >> 55)
        if self.score[e] > 0:
            factor = factor - (factor * self.score[e] // (self.length[e] + self.score[e]) >> 1)
        if self.y[e] > 0:
            factor *= 3
        return (self.length[e] + 1) * factor >> 8

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _arrived(self, v: cython.int, goal: cython.int) -> cython.int:
        """As in `Graph`; the goal -2 is any node of the walk."""
        if goal == -2:
            return self.ends[v] > 0
        return v == goal

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _corner(self, v: cython.int, i: cython.int, j: cython.int) -> cython.int:
        """Make the shortest cycle through the i-th and j-th edge at node v the cycle at hand; 0 where there is none."""
        k: cython.int
        corner: cython.int = self.corner_first[v]
        position: cython.int = 0
        swap: cython.int
        if i < j:
            swap = i
            i = j
            j = swap
        if corner >= 0:
            corner += i * (i - 1) // 2 + j
            position = self.corner_cycle[corner]
        if position < 0:
            return 0
        self.cycle_start = v
        if position > 0:
            self.cycle_size = self.cycle_pool[position]
            for k in range(self.cycle_size):
                self.cycle[k] = self.cycle_pool[position + 1 + k]
            return 1
        if self._find_cycle(v, self.first[v] + i, self.first[v] + j) == 0:
            if corner >= 0:
                self.corner_cycle[corner] = -1
            return 0
        if corner >= 0 and self.cycle_used + self.cycle_size + 1 < self.cycle_pool_size:
            self.corner_cycle[corner] = self.cycle_used
            self.cycle_pool[self.cycle_used] = self.cycle_size
            for k in range(self.cycle_size):
                self.cycle_pool[self.cycle_used + 1 + k] = self.cycle[k]
            self.cycle_used += self.cycle_size + 1
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _find_cycle(self, v: cython.int, a: cython.int, b: cython.int) -> cython.int:
        """The shortest cycle that leaves v by link `a` and comes back by link `b`, through v only once."""
        x: cython.int = self.link_node[a]
        z: cython.int = self.link_node[b]
        e: cython.int = self.link_edge[a]
        f: cython.int = self.link_edge[b]
        limit: cython.longlong = self.max_length - self.length[e] - self.length[f]
        self.cycle_size = 1
        if x == v:
            self.cycle[0] = e
            return 1
        if z == v:
            self.cycle[0] = f
            return 1
        if limit < 0:
            return 0
        self.cycle[0] = e
        if x != z:
            self.mode = 0
            self._begin()
            self._source(z)
            if self._search(x, v, limit, self.cycle_most) == 0:
                return 0
            while x != z:
                e = self.arrival[x]
                self.cycle[self.cycle_size] = e
                self.cycle_size += 1
                x = self.tail[e] + self.head[e] - x
        self.cycle[self.cycle_size] = f
        self.cycle_size += 1
        return 1

    # --- moves: each changes the walk and returns 1, or returns 0 and wants to be undone

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _somewhere(self) -> cython.int:
        """A random node of the walk."""
        e: cython.int
        if self.walk_size == 0:
            return self.home
        e = self.walk[self._below(self.walk_size)]
        if self._random() & 1:
            return self.tail[e]
        return self.head[e]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _toggle_cycle(self) -> cython.int:
        """Walk every edge of the cycle at hand once more or once less: 0 -> 1, 1 -> 0 (now and then 2), 2 -> 1."""
        k: cython.int
        e: cython.int
        dropped: cython.int = 0
        instead: cython.int = 0
        if self.changes + 2 * self.cycle_size >= self.most_changes:
            return 0
        # walking a cycle twice is rarely good, but where the window is hard to reach it may be the only loop
        if self._random() & 63 == 0:
            instead = 2
        for k in range(self.cycle_size):
            e = self.cycle[k]
            if self.y[e] == 1:
                self._change(e, instead)
                dropped += 1
            else:
                self._change(e, 1)
        if dropped == 0 or instead == 2:
            return 1
        return self._reconnect()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_cycle(self) -> cython.int:
        """Toggle the shortest cycle through a random corner of the walk."""
        v: cython.int = self._somewhere()
        e: cython.int
        degree: cython.int = self.first[v + 1] - self.first[v]
        i: cython.int = self._below(degree) if degree > 0 else 0
        j: cython.int
        if degree == 0:
            return 0
        if self.link_node[self.first[v] + i] == v:
            # a self-loop may be walked 0, 1 or 2 times: to one of the other two
            e = self.link_edge[self.first[v] + i]
            j = self.y[e] + 1 + (self._random() & 1)
            self._change(e, j - 3 if j > 2 else j)
            return 1 if self.walk_size > 0 else 0
        if degree == 1:
            return 0
        j = self._below(degree - 1)
        if j >= i:
            j += 1
        if self._corner(v, i, j) == 0:
            return 0
        return self._toggle_cycle()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_grow(self) -> cython.int:
        """Add an out-and-back branch."""
        v: cython.int = self._somewhere()
        i: cython.int
        e: cython.int
        degree: cython.int
        grown: cython.int = 0
        while self.changes + 4 < self.most_changes:
            degree = self.first[v + 1] - self.first[v]
            if degree == 0:
                break
            i = self.first[v] + self._below(degree)
            e = self.link_edge[i]
            if self.y[e] != 0 or self.link_node[i] == v:
                break
            self._change(e, 2)
            grown += 1
            v = self.link_node[i]
            if self.ends[v] > 1 or self._random() & 1:
                break
        return 1 if grown > 0 else 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_shrink(self) -> cython.int:
        """Drop a stretch that is walked twice, and more of its branch."""
        e: cython.int
        i: cython.int
        v: cython.int
        if self.walk_size == 0:
            return 0
        e = self.walk[self._below(self.walk_size)]
        if self.y[e] != 2:
            return 0
        self._change(e, 0)
        if self.walk_size == 0:
            return 0
        if self.ends[self.tail[e]] > 0 and self.ends[self.head[e]] > 0:
            return 1 if self._components() == 1 else 0
        while self._random() & 1 and self.changes + 4 < self.most_changes:
            v = self.tail[e]
            if self.ends[v] == 0:
                v = self.head[e]
            if self.ends[v] != 1:
                break
            for i in range(self.first[v], self.first[v + 1]):
                if self.y[self.link_edge[i]] > 0:
                    e = self.link_edge[i]
                    break
            if self.y[e] != 2 or self.walk_size == 1:
                break
            self._change(e, 0)
        return 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_detour(self) -> cython.int:
        """Leave the walk at a random node by a random-weighted path, drop what it goes around."""
        v: cython.int = self._somewhere()
        u: cython.int = -1
        w: cython.int
        i: cython.int
        least: cython.int
        if self.walk_size == 0:
            return 0
        self.mode = 1
        self.salt = self._salt()
        self._begin()
        self._source(v)
        self._search(-1, -1, self.max_length >> 1, 20 + self._below(self.cycle_most))
        # end at one of the walk's nodes that were reached: the first one after a random count
        least = self._below(self.settled_size)
        for i in range(least, self.settled_size):
            w = self.settled[i]
            if w != v and self.ends[w] > 0:
                u = w
                break
        if u < 0:
            for i in range(least):
                w = self.settled[least - 1 - i]
                if w != v and self.ends[w] > 0:
                    u = w
                    break
        if u < 0:
            return 0
        self.cycle_start = u
        self.cycle_size = 0
        self._trace(u)
        # back along the walk
        self.mode = 2
        self._begin()
        self._source(u)
        if self._search(v, -1, self.infinite, self.n + 1) == 0:
            return 0
        self._trace(v)
        return self._toggle_cycle()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _trace(self, v: cython.int) -> cython.void:
        """Append the path of the last search from v back to its source to the cycle at hand."""
        e: cython.int = self.arrival[v]
        while e >= 0:
            self.cycle[self.cycle_size] = e
            self.cycle_size += 1
            v = self.tail[e] + self.head[e] - v
            e = self.arrival[v]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move_fetch(self) -> cython.int:
        """Fetch a rewarding edge nearby: out by one way, back by another, dropping the walk between."""
        v: cython.int = self._somewhere()
        w: cython.int
        x: cython.int
        b: cython.int
        i: cython.int
        k: cython.int
        e: cython.int
        fetched: cython.int = -1
        end: cython.int = -1
        if self.walk_size == 0:
            return 0
        self.mode = 1
        self.salt = self._salt()
        self._begin()
        self._source(v)
        self._search(-1, -1, self.max_length >> 1, 20 + self._below(self.cycle_most))
        for k in range(2 + self._below(10)):
            w = self.settled[self._below(self.settled_size)]
            i = self.first[w] + self._below(self.first[w + 1] - self.first[w])
            e = self.link_edge[i]
            if self.y[e] != 0 or self.link_node[i] == w:
                continue
            if fetched < 0 or self.score[e] > self.score[fetched]:
                fetched = e
                end = w
        if fetched < 0:
            return 0
        self.cycle_start = end
        self.cycle_size = 0
        self._trace(end)
        x = self.tail[fetched] + self.head[fetched] - end
        self._begin()
        self._source(x)
        if self._search(-2, -1, self.max_length, self.n + 1) == 0:
            return 0
        b = self.settled[self.settled_size - 1]
        # b .. x is kept aside while the way along the walk from v to b is found
        k = 0
        w = b
        while w != x:
            e = self.arrival[w]
            self.aside[k] = e
            k += 1
            w = self.tail[e] + self.head[e] - w
        if b != v:
            self.mode = 2
            self._begin()
            self._source(b)
            if self._search(v, -1, self.infinite, self.n + 1) == 0:
                return 0
            self._trace(v)
        for i in range(k):
            self.cycle[self.cycle_size] = self.aside[i]
            self.cycle_size += 1
        self.cycle[self.cycle_size] = fetched
        self.cycle_size += 1
        return self._toggle_cycle()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move(self) -> cython.int:
        r: cython.ulonglong = self._random() & 255
        if self.changes + 8 >= self.most_changes:
            return 0
        if r < 150 or self.walk_size == 0:
            return self._move_cycle()
        if r < 200:
            return self._move_grow()
        if r < 236:
            return self._move_shrink()
        if r < 250:
            return self._move_fetch()
        return self._move_detour()

    # --- annealing

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _keep_if_best(self) -> cython.void:
        value: cython.longlong
        i: cython.int
        if self.excess == 0 and self.walk_size < self.capacity:
            value = self._value()
            if value > self.best_value:
                self.best_value = value
                self.best_size = self.walk_size
                for i in range(self.walk_size):
                    self.best[i] = self.walk[i] * 4 + self.y[self.walk[i]]

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
            self.changes = 0
            fine = self._move()
            while fine == 1 and self._random() & 3 == 0:
                fine = self._move()
            if fine == 1:
                fine = self._touch_wanted()
            if fine == 0 or self.walk_size >= self.capacity:
                self._undo()
                continue
            new = self._objective()
            if new >= objective or objective - new <= temperature * self.logarithm[self._random() >> 20] >> 16:
                objective = new
                self._keep_if_best()
            else:
                self._undo()
        self.moves += moves
        return objective

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _load(self, slot: cython.int) -> cython.void:
        i: cython.int
        entry: cython.int
        base: cython.int = slot * self.capacity
        self._clear()
        self.home = self.kept_home[slot]
        for i in range(self.kept_size[slot]):
            entry = self.kept[base + i]
            self._put(entry >> 2, entry & 3)
        self.best_value = self.kept_best_value[slot]
        self.best_size = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _store(self, slot: cython.int, objective: cython.longlong) -> cython.void:
        i: cython.int
        base: cython.int = slot * self.capacity
        self.kept_objective[slot] = objective
        self.kept_size[slot] = self.walk_size
        for i in range(self.walk_size):
            self.kept[base + i] = self.walk[i] * 4 + self.y[self.walk[i]]
        if self.best_size > 0:
            self.kept_best_value[slot] = self.best_value
            self.kept_best_size[slot] = self.best_size
            for i in range(self.best_size):
                self.kept_best[base + i] = self.best[i]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _draw_goal(self, tries: cython.int) -> cython.int:
        """Of some random nodes that the last search settled, the one with most to win around it."""
        best: cython.int = -1
        best_pull: cython.longlong = -1
        pull: cython.longlong
        left: cython.longlong
        v: cython.int
        i: cython.int
        for i in range(tries):
            v = self.settled[self._below(self.settled_size)]
            left = self.max_length - 2 * self.wanted_distance[v]
            if left < 0:
                left = 0
            pull = self.attraction[v] * (left * 1024 // (self.max_length + 1))
            if pull > best_pull:
                best_pull = pull
                best = v
        return best

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _walk_back(self, v: cython.int) -> cython.void:
        """Walk the path of the last search that leads to v."""
        e: cython.int = self.arrival[v]
        while e >= 0:
            self._put(e, 2 if self.y[e] == 1 else 1)
            v = self.tail[e] + self.head[e] - v
            e = self.arrival[v]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _build(self, goals: cython.int, size: cython.longlong, most: cython.int) -> cython.void:
        """A first walk from `home` over some goals with much to win around them and back, paths drawn at random."""
        v: cython.int = self.home
        goal: cython.int
        k: cython.int
        self.mode = 3
        for k in range(goals):
            self.salt = self._salt()
            self._begin()
            self._source(v)
            self._search(-1, -1, size, most)
            goal = self._draw_goal(1 + self._below(4))
            self._walk_back(goal)
            v = goal
        self.salt = self._salt()
        self._begin()
        self._source(v)
        if self._search(self.home, -1, self.infinite, self.n + 1) == 1:
            self._walk_back(self.home)
        else:
            self._clear()

    # --- what solve.py calls

    def set_prices(self, length_price, climb_price, share_price):
        """Prices of a unit of length outside the window, of climb (up + down) and of road or repetition too much.

        They are cut to what cannot leave 64 bits.
        """
        longest = max(self.most_length, self.min_length) + 1
        self.length_price = min(length_price, INFINITE // longest)
        self.climb_price = min(climb_price, INFINITE // (self.most_climb + 1))
        self.share_price = min(share_price, INFINITE // longest)

    def start(self, slot: cython.int, home: cython.int, goals: cython.int, size: cython.longlong, most: cython.int):
        """Give a slot a first walk from `home` over `goals` far nodes.

        `size` bounds the distance to the next goal, `most` the nodes looked at on the way.
        """
        with cython.nogil:
            self._clear()
            self.home = home
            self.best_value = -self.infinite
            self.best_size = 0
            self._build(goals, size, most)
            self.changes = 0
            if self.walk_size > 0 and (self._touch_wanted() == 0 or self.walk_size >= self.capacity):
                self._clear()
            self.kept_home[slot] = home
            self.kept_best_value[slot] = -self.infinite
            self.kept_best_size[slot] = 0
            if self.walk_size > 0:
                self._objective()
                self._keep_if_best()
            # no walk is worse than any
            self._store(slot, self._objective() if self.walk_size > 0 else -self.infinite)

    def anneal(self, slot: cython.int, moves: cython.longlong, hot: cython.longlong, cold: cython.longlong):
        """Anneal the walk of a slot, the temperature falling in a line from `hot` to `cold` (objective units)."""
        objective: cython.longlong
        with cython.nogil:
            self._load(slot)
            objective = self._anneal(moves, hot, cold)
            self._store(slot, objective)

    def forget(self, slot: cython.int):
        """Empty a slot."""
        self.kept_size[slot] = 0
        self.kept_best_size[slot] = 0
        self.kept_best_value[slot] = -self.infinite
        self.kept_objective[slot] = -self.infinite

    def set_scores(self, scores):
        """Let the edges earn something else; walks that are kept are not valued anew."""
        with cython.nogil:
            self._clear()
        self.score = array("q", scores)
        with cython.nogil:
            self._attract(6)

    def edges_around(self, e: cython.int, most: cython.int):
        """The edges among the `most` nodes that are nearest to an edge."""
        i: cython.int
        k: cython.int
        w: cython.int
        self.mode = 0
        self._begin()
        self._source(self.tail[e])
        self._source(self.head[e])
        self._search(-1, -1, self.infinite, most)
        around = []
        for k in range(self.settled_size):
            w = self.settled[k]
            for i in range(self.first[w], self.first[w + 1]):
                if self.done[self.link_node[i]] == self.stamp and w <= self.link_node[i]:
                    around.append(self.link_edge[i])
        return around

    def draw(self, k: cython.int):
        """A random number in 0..k-1."""
        return self._below(k)

    def objective_of(self, slot: cython.int):
        """Objective of the walk of a slot, penalties included."""
        return self.kept_objective[slot]

    def best_value_of(self, slot: cython.int):
        """Value of the best valid walk a slot has seen, in objective units; -INFINITE for none."""
        return self.kept_best_value[slot]

    def best_of(self, slot: cython.int):
        """The best valid walk a slot has seen, as {edge: times walked}."""
        base = slot * self.capacity
        entries = [self.kept_best[base + i] for i in range(self.kept_best_size[slot])]
        return {entry >> 2: entry & 3 for entry in entries}

    def move_count(self):
        """Moves tried so far."""
        return self.moves

    def lengths_outside(self):
        """The longest length seen below the window (-1: none) and the shortest above it (INFINITE: none)."""
        return self.below, self.above
