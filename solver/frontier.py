# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The exact program: the best closed walk on a network whose edges can be put in an order with a small frontier.

Edges are decided one after the other (walked 0, 1 or 2 times). The frontier is made of the nodes between edges decided
and edges undecided; all that matters of the past is its state: which of its nodes are walked, which have an odd number
of ends so far, how they hang together and which parts touch a trailhead (the frontier method of Knuth's Simpath).

1. `explore` lists the states and how each leads to the next.
2. `price` puts a price on each metre (and on each metre climbed) and finds the best walk without a window, backwards
   through the states: an upper bound (Lagrange), and for every state the most that can still come.
3. `settle` goes forward once more with labels (length, objective, climb, ...), and keeps those of each state that are
   not worse than another in everything and may still lead to something better than is known.

With more states or labels than there is room for, those with the best hopes are kept: then the answer may not be the
best, but the largest hope among the dropped is remembered, so what comes out still brackets the optimum.

As the kernel, this is one source for Cython and for plain Python, in whole numbers throughout.
"""

from __future__ import annotations

from array import array

try:
    import cython
except ImportError:
    from solver import _interpreted as cython

COMPILED = cython.compiled

#: Hopes, upper bounds on the objective, are in units of 1/4096 point; prices of a metre are, too.
HOPE = 4096

#: So many prices are kept for the hopes of labels.
KEPT_PRICES = 3

#: Widest frontier; a state takes one byte for each of its nodes.
MOST_WIDE = 60

#: "No such value"; above any sum of points, and far enough below 2^63 to be counted in hopes.
INFINITE = 1 << 50

#: Labels are compared with at most this many others where more than length and objective count.
MOST_COMPARED = 256


def _zeros(typecode, size):
    return array(typecode, bytes(array(typecode).itemsize * size))


@cython.cclass
class Program:
    """A loop problem on a network that is small, or small in breadth, ready to be solved exactly.

    Parameters
    ----------
    node_count, tails, heads, lengths, earnings, repeat_costs, climbs, roads : the network; `earnings` are scores with
        preferences, `climbs` as in `Edge.climb`.
    trailheads : nodes, at least one. vias : nodes to be touched.
    min_length, max_length, target, overlength_cost : as in `LoopProblem`.
    max_climb : twice the ascent limit, -1 for none.
    repeat_limit, road_limit : shares of the length in 1/10000, -1 for none.

    Raises
    ------
    OverflowError : numbers so large that sums of them could leave 64 bits.
    """

    n: cython.int
    m: cython.int
    tail: cython.int[::1]
    head: cython.int[::1]
    length: cython.longlong[::1]
    earning: cython.longlong[::1]
    again: cython.longlong[::1]
    climb: cython.longlong[::1]
    road: cython.longlong[::1]
    is_home: cython.schar[::1]
    is_via: cython.schar[::1]
    min_length: cython.longlong
    max_length: cython.longlong
    target: cython.longlong
    overlength_cost: cython.longlong
    max_climb: cython.longlong
    repeat_limit: cython.longlong
    road_limit: cython.longlong
    resources: cython.int  # how many of climb, repetition and road are limited
    # the edges at node v are link[first[v]:first[v + 1]]; a self-loop stands there once
    first: cython.int[::1]
    link: cython.int[::1]
    # the order of the edges, and the one that is tried
    order: cython.int[::1]
    trial: cython.int[::1]
    left: cython.int[::1]
    inside: cython.schar[::1]
    entered: cython.int[::1]
    random_state: cython.ulonglong
    done: cython.schar[::1]
    open_nodes: cython.int[::1]
    width: cython.int
    breadth: cython.double
    # of each step: where the two ends stand in the frontier, which are new, which leave
    place_u: cython.int[::1]
    place_v: cython.int[::1]
    fresh: cython.int[::1]
    leaves: cython.int[::1]
    wide: cython.int[::1]  # size of the frontier before the step
    vias_open: cython.int[::1]  # via nodes in the frontier, before any leaves, or yet to come
    # what is known of every edge: objective x scale <= ceiling - sum of charge[3 * edge + times]
    charge: cython.longlong[::1]
    ceiling: cython.longlong
    scale: cython.longlong
    # all states, level by level: those before step i are level_first[i] .. level_first[i + 1] - 1
    level_first: cython.longlong[::1]
    follow: cython.int[::1]  # 3 for each state: the state after walking the edge so often; -1 none, -2 finished
    follow_size: cython.longlong
    explored: cython.int
    # the states before the step at hand and after it: their bytes, and the largest room of a way there
    state: cython.uchar[::1]
    next_state: cython.uchar[::1]
    room: cython.longlong[::1]
    next_room: cython.longlong[::1]
    next_count: cython.longlong
    next_number: cython.longlong[::1]
    next_size: cython.longlong
    slot: cython.longlong[::1]
    slot_stamp: cython.int[::1]
    slots: cython.longlong
    stamp: cython.int  # a slot is taken where its stamp is this
    scratch: cython.uchar[::1]
    renamed: cython.uchar[::1]
    # prices of a metre and of a metre climbed, and what is to come from each state at these prices
    rows: cython.int
    gains: cython.longlong[::1]
    row_length_price: cython.longlong[::1]
    row_climb_price: cython.longlong[::1]
    row_bound: cython.longlong[::1]
    to_come: cython.longlong[::1]  # rows x states
    # labels: those at hand, the candidates for the next ones, and how all came about
    most: cython.longlong
    label_count: cython.longlong
    label_state: cython.longlong[::1]
    label_length: cython.longlong[::1]
    label_value: cython.longlong[::1]
    label_climb: cython.longlong[::1]
    label_repeat: cython.longlong[::1]
    label_road: cython.longlong[::1]
    label_trace: cython.int[::1]
    new_count: cython.longlong
    new_head: cython.longlong[::1]  # of each state of the next level: its last candidate
    new_length: cython.longlong[::1]
    new_value: cython.longlong[::1]
    new_climb: cython.longlong[::1]
    new_repeat: cython.longlong[::1]
    new_road: cython.longlong[::1]
    new_hope: cython.longlong[::1]
    new_from: cython.int[::1]  # trace before
    new_times: cython.schar[::1]
    new_link: cython.longlong[::1]  # the next candidate of the same state
    sorting: cython.longlong[::1]
    hopes: cython.longlong[::1]
    trace_count: cython.longlong
    trace_size: cython.longlong
    trace_before: cython.int[::1]
    trace_step: cython.int[::1]  # 4 * edge + times
    # what came out
    exact_length: cython.int
    least_length: cython.longlong  # that hopes reckon with
    best: cython.longlong
    best_any: cython.longlong
    best_size: cython.int
    best_steps: cython.int[::1]
    walk_steps: cython.int[::1]
    dropped: cython.longlong  # the largest hope among states and labels that had to go
    # constants, where no Python object may be touched
    infinite: cython.longlong
    ones: cython.ulonglong
    mixer: cython.ulonglong
    low_bits: cython.ulonglong
    most_wide: cython.int
    most_compared: cython.int
    most_length_price: cython.longlong
    most_climb_price: cython.longlong
    metre_price: cython.longlong

    def __init__(
        self,
        node_count,
        tails,
        heads,
        lengths,
        earnings,
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
    ):
        self.n = node_count
        self.m = len(tails)
        self.tail = array("i", tails)
        self.head = array("i", heads)
        self.length = array("q", lengths)
        self.earning = array("q", earnings)
        self.again = array("q", repeat_costs)
        self.climb = array("q", climbs)
        self.road = array("q", roads)
        home = _zeros("b", node_count)
        for v in trailheads:
            home[v] = 1
        self.is_home = home
        via = _zeros("b", node_count)
        for v in vias:
            via[v] = 1
        self.is_via = via
        self.min_length = self.least_length = min_length
        self.max_length = max_length
        self.target = min(target, max_length)
        self.overlength_cost = overlength_cost
        self.max_climb = max_climb
        self.repeat_limit = repeat_limit
        self.road_limit = road_limit
        self.resources = (max_climb >= 0) + (repeat_limit >= 0) + (road_limit >= 0)
        self.infinite = INFINITE
        self.ones = 0xFFFFFFFFFFFFFFFF
        self.mixer = 1099511628211
        self.low_bits = (1 << 48) - 1  # so that C and Python agree on products
        self.most_wide = MOST_WIDE
        self.most_compared = MOST_COMPARED
        self.most = self.slots = self.trace_size = self.stamp = self.next_size = self.explored = self.rows = 0
        self.best_steps = _zeros("i", self.m + 1)
        self.walk_steps = _zeros("i", self.m + 1)
        self.best_size = 0
        self.best = self.best_any = self.dropped = -INFINITE
        self.exact_length = 0
        self.scratch, self.renamed, self.gains = _zeros("B", MOST_WIDE + 4), _zeros("B", 64), _zeros("q", 3)
        self.follow, self.follow_size = _zeros("i", 1), 0
        self._link_edges()
        self.order = _zeros("i", self.m)
        self.trial = _zeros("i", self.m)
        self.left = _zeros("i", self.n)
        self.inside = _zeros("b", self.n)
        self.entered = _zeros("i", self.n)
        self.random_state = 0x9E3779B97F4A7C15
        self.done = _zeros("b", self.m)
        self.open_nodes = _zeros("i", self.n + 1)
        self.width = 0
        self.breadth = -1.0
        self._measure()
        self._charge_metres()

    def _measure(self):
        """See to it that nothing leaves 64 bits."""
        longest = 2 * sum(self.length) + self.max_length + 1
        points = sum(abs(x) for x in self.earning) + sum(self.again) + self.overlength_cost * longest
        if points >= INFINITE // 8:
            raise OverflowError(f"the scores and costs add up to {points}, want less than {INFINITE // 8}")
        self.most_length_price = (INFINITE * HOPE // 8) // longest
        self.most_climb_price = (INFINITE * HOPE // 8) // (2 * sum(self.climb) + max(0, self.max_climb) + 1)

    def _link_edges(self):
        links = [[] for _ in range(self.n)]
        for e in range(self.m):
            links[self.tail[e]].append(e)
            if self.head[e] != self.tail[e]:
                links[self.head[e]].append(e)
        first = array("i", [0])
        link = array("i")
        for at in links:
            link.extend(at)
            first.append(len(link))
        self.first = first
        self.link = link if link else _zeros("i", 1)

    # --- the order of the edges

    def arrange(self, tries):
        """Find an order of the edges with a small frontier; its width, or -1 where it is too wide.

        Always finish the node that brings fewest new nodes into the frontier; of these tries, which start at different
        nodes and favour what has been waiting more or less, the one is taken with the smallest sum of 2 ** width.
        """
        k: cython.int
        breadth: cython.double
        for k in range(tries):
            with cython.nogil:
                breadth = self._try_order()
            if breadth >= 0:
                self.breadth = breadth
                self.order[:] = self.trial
        if self.breadth < 0:
            return -1
        self._place_nodes()
        return self.width

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
    def _try_order(self) -> cython.double:
        """Fill `trial`; the sum of 2 ** width over the steps, -1 where it is too wide or no better than before."""
        size: cython.ulonglong = self.n
        haste: cython.int = (self._random() >> 24) - 128
        noise: cython.ulonglong = self._random() >> 23
        total: cython.double = 0.0
        count: cython.int = 0
        opened: cython.int = 0
        v: cython.int
        w: cython.int
        i: cython.int
        k: cython.int
        e: cython.int
        next_new: cython.int = 0
        cost: cython.int
        least: cython.int
        for v in range(self.n):
            self.left[v] = self.first[v + 1] - self.first[v]
            self.inside[v] = 0
        for e in range(self.m):
            self.done[e] = 0
        v = (self._random() * size) >> 32
        while count < self.m:
            if opened > 0:
                least = 2147483647
                v = -1
                for i in range(opened):
                    w = self.open_nodes[i]
                    cost = self._opening(w) * 1024 + 16 * self.left[w] + ((self._random() * noise) >> 32)
                    if haste > 0:
                        cost -= haste * (count - self.entered[w]) >> 4
                    if cost < least:
                        least = cost
                        v = w
            elif count > 0 or self.left[v] == 0:
                # another part of the network
                while self.left[next_new] == 0:
                    next_new += 1
                v = next_new
            # edges to nodes in the frontier first, so that those can leave early
            for k in range(2):
                for i in range(self.first[v], self.first[v + 1]):
                    e = self.link[i]
                    w = self.tail[e] + self.head[e] - v
                    if self.done[e] or (k == 0 and self.inside[w] == 0):
                        continue
                    if self.inside[v] == 0:
                        self.inside[v] = 1
                        self.entered[v] = count
                        self.open_nodes[opened] = v
                        opened += 1
                    if self.inside[w] == 0:
                        self.inside[w] = 1
                        self.entered[w] = count
                        self.open_nodes[opened] = w
                        opened += 1
                    if opened > self.most_wide:
                        return -1.0
                    self.done[e] = 1
                    self.trial[count] = e
                    count += 1
                    total += 2.0**opened
                    if self.breadth >= 0 and total >= self.breadth:
                        return -1.0
                    self.left[v] -= 1
                    if w != v:
                        self.left[w] -= 1
                        if self.left[w] == 0:
                            opened = self._close(w, opened)
            if self.inside[v] == 1:
                opened = self._close(v, opened)
        return total

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _opening(self, v: cython.int) -> cython.int:
        """How many more nodes the frontier has once v is finished."""
        i: cython.int
        e: cython.int
        w: cython.int
        opening: cython.int = 0
        for i in range(self.first[v], self.first[v + 1]):
            e = self.link[i]
            if self.done[e] == 0:
                w = self.tail[e] + self.head[e] - v
                if self.inside[w] == 0:
                    opening += 1
                elif self.left[w] == 1 and w != v:
                    opening -= 1
        return opening + 128

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _close(self, v: cython.int, opened: cython.int) -> cython.int:
        i: cython.int
        for i in range(opened):
            if self.open_nodes[i] == v:
                opened -= 1
                self.open_nodes[i] = self.open_nodes[opened]
                break
        self.inside[v] = 2
        return opened

    def _place_nodes(self):
        """Where the ends of each edge stand in the frontier, step by step."""
        left = [0] * self.n
        for v in range(self.n):
            left[v] = self.first[v + 1] - self.first[v]
        frontier: list[int] = []
        place_u, place_v, fresh, leaves = (_zeros("i", self.m) for _ in range(4))
        wide = _zeros("i", self.m + 1)
        vias_open = _zeros("i", self.m)
        vias = sum(self.is_via)
        self.width = 0
        for i in range(self.m):
            u, v = self.tail[self.order[i]], self.head[self.order[i]]
            wide[i] = len(frontier)
            for node in (u, v):
                if node not in frontier:
                    frontier.append(node)
                    fresh[i] += 1
            self.width = max(self.width, len(frontier))
            place_u[i], place_v[i] = frontier.index(u), frontier.index(v)
            vias_open[i] = vias
            left[u] -= 1
            if v != u:
                left[v] -= 1
            if left[u] == 0:
                leaves[i] |= 1
                frontier.remove(u)
                vias -= self.is_via[u]
            if v != u and left[v] == 0:
                leaves[i] |= 2
                frontier.remove(v)
                vias -= self.is_via[v]
        self.place_u, self.place_v, self.fresh, self.leaves = place_u, place_v, fresh, leaves
        self.wide = wide
        self.vias_open = vias_open

    # --- what is known of every edge

    def _charge_metres(self):
        """Charges from a price for each metre, the one at which the fractional knapsack of all edges is full."""
        room = self.max_length
        price = 0
        for e in sorted(range(self.m), key=lambda e: -self._worth(e)):
            price = max(0, min(self._worth(e), self.most_length_price))
            room -= self.length[e]
            if room <= 0:
                break
        if room > 0:
            price = 0
        self.metre_price = price
        charges = []
        ceiling = self._length_hope(0, price)
        for e in range(self.m):
            once = self.earning[e] * HOPE - price * self.length[e]
            twice = once - self.again[e] * HOPE - price * self.length[e]
            most = max(0, once, twice)
            ceiling += most
            charges.append((most, most - once, most - twice))
        self.set_charges(ceiling, HOPE, charges)

    def _worth(self, e):
        return self.earning[e] * HOPE // self.length[e] if self.length[e] else self.earning[e] * HOPE

    def first_price(self):
        """A price for each metre to begin with: that of the knapsack."""
        return self.metre_price

    def length_at(self, price):
        """The length of a loop that is best where each of its metres brings this price, in 1/4096 points."""
        if price < 0:
            return self.min_length
        longest = self.max_length if price > self.overlength_cost * HOPE else self.target
        return max(longest, self.min_length)

    def set_charges(self, ceiling, scale, charges):
        """Use what is known: objective x scale <= ceiling - sum of charges[edge][times walked], all whole numbers."""
        self.charge = array("q", [charge for three in charges for charge in three])
        self.ceiling = ceiling
        self.scale = scale

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _length_hope(self, length: cython.longlong, price: cython.longlong) -> cython.longlong:
        """The most that a price for each metre still to come, less the cost of those beyond the target, can make.

        Over all final lengths from this one on within the window; it is concave, so its corners are enough.
        """
        shortest: cython.longlong = self.least_length if self.least_length > length else length
        best: cython.longlong = self._at_length(length, shortest, price)
        other: cython.longlong = self._at_length(length, self.max_length, price)
        if other > best:
            best = other
        if shortest < self.target:
            other = self._at_length(length, self.target, price)
            if other > best:
                best = other
        return best

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _at_length(self, length: cython.longlong, final: cython.longlong, price: cython.longlong) -> cython.longlong:
        hope: cython.longlong = price * (final - length)
        if final > self.target:
            hope -= 4096 * self.overlength_cost * (final - self.target)
        return hope

    # --- 1. states

    def explore(self, at_least, most_states, keep_going):
        """List the states that may lead to an objective above `at_least` (-INFINITE for any).

        Parameters
        ----------
        most_states : no more than this at all steps together, and no more than a quarter of those left at one step;
            44 bytes each, and some 200 for each state of the step that has most.
        keep_going : called before each step; where it returns False, so does this.
        """
        self.best = self.best_any = at_least
        self.best_size = 0
        self.dropped = -INFINITE
        self.explored = 0
        self.rows = 0
        if self.next_size == 0:
            self._make_room_for_states(1024)
        level_first = _zeros("q", self.m + 2)
        level_first[1] = 1
        self.level_first = level_first
        self.room[0] = self.ceiling
        most: cython.longlong
        step: cython.int
        for step in range(self.m):
            count = level_first[step + 1] - level_first[step]
            if not keep_going():
                return False
            most = max(16, (most_states - level_first[step + 1]) // 4)
            if 3 * count > self.next_size:
                self._make_room_for_states(3 * count)
            if level_first[step + 1] > self.follow_size:
                self._make_room_to_follow(2 * level_first[step + 1] + 1024)
            with cython.nogil:
                self._explore_step(step)
                self._keep_best_states(step, most)
            level_first[step + 2] = level_first[step + 1] + self.next_count
        self.explored = 1
        return True

    def _make_room_for_states(self, size):
        """Room for `size` states at a step; those at hand are kept."""
        before: cython.longlong = self.next_size
        wide: cython.longlong = max(1, self.width)
        state: cython.uchar[::1] = _zeros("B", size * wide)
        room: cython.longlong[::1] = _zeros("q", size)
        if before:
            state[: before * wide] = self.state[: before * wide]
            room[:before] = self.room[:before]
        self.state, self.room = state, room
        self.next_state, self.next_room = _zeros("B", size * wide), _zeros("q", size)
        self.next_number, self.hopes = _zeros("q", size), _zeros("q", size)
        self.slots = 1
        while self.slots < 2 * size:
            self.slots *= 2
        self.slot, self.slot_stamp = _zeros("q", self.slots), _zeros("i", self.slots)
        self.stamp = 0
        self.next_size = size

    def _make_room_to_follow(self, size):
        follow: cython.int[::1] = _zeros("i", 3 * size)
        before: cython.longlong = 3 * self.follow_size
        follow[:before] = self.follow[:before]
        self.follow, self.follow_size = follow, size

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _explore_step(self, step: cython.int) -> cython.void:
        """Walk the edge of this step 0, 1 or 2 times in every state."""
        e: cython.int = self.order[step]
        base: cython.longlong = self.level_first[step]
        count: cython.longlong = self.level_first[step + 1] - base
        s: cython.longlong
        times: cython.int
        after: cython.longlong
        room: cython.longlong
        self.next_count = 0
        self.stamp += 1
        for s in range(count):
            for times in range(3):
                room = self.room[s] - self.charge[3 * e + times]
                after = -1
                if self._points(room) > self.best:
                    after = self._next_state(step, s * self.width, times)
                    if after >= 0 and room > self.next_room[after]:
                        self.next_room[after] = room
                self.follow[3 * (base + s) + times] = after

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _points(self, room: cython.longlong) -> cython.longlong:
        """The largest objective that a room leaves; rounded up below 0, where C and Python divide differently."""
        if room < 0:
            return -((-room) // self.scale)
        return room // self.scale

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _keep_best_states(self, step: cython.int, most: cython.longlong) -> cython.void:
        """Number the states of the next level; those with least room go where there are too many."""
        s: cython.longlong
        b: cython.int
        k: cython.int
        i: cython.longlong
        hope: cython.longlong
        least: cython.longlong = -self.infinite * 4096
        kept: cython.longlong = 0
        wide: cython.int = self.wide[step + 1]
        first: cython.longlong = self.level_first[step + 1]
        if self.next_count > most:
            for s in range(self.next_count):
                self.hopes[s] = self.next_room[s]
            least = self._of_rank(self.next_count, most)
        for s in range(self.next_count):
            if self.next_room[s] < least or kept >= most:
                hope = (self._points(self.next_room[s]) + 1) * 4096 - 1
                if hope > self.dropped:
                    self.dropped = hope
                self.next_number[s] = -1
                continue
            self.next_number[s] = first + kept
            self.room[kept] = self.next_room[s]
            for b in range(wide):
                self.state[kept * self.width + b] = self.next_state[s * self.width + b]
            kept += 1
        for i in range(3 * self.level_first[step], 3 * first):
            k = self.follow[i]
            if k >= 0:
                self.follow[i] = self.next_number[k]
        self.next_count = kept

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _next_state(self, step: cython.int, base: cython.longlong, times: cython.int) -> cython.longlong:
        """Number of the state that comes of walking the edge of this step; -1: impossible, -2: the walk is finished.

        A byte for each node: 4 x the number of its part (0: not walked) + 2 where an odd number of walked ends is there
        + 1 where its part touches a trailhead.
        """
        before: cython.int = self.wide[step]
        size: cython.int = before + self.fresh[step]
        i: cython.int
        u: cython.int = self.place_u[step]
        v: cython.int = self.place_v[step]
        e: cython.int = self.order[step]
        for i in range(before):
            self.scratch[i] = self.state[base + i]
        for i in range(before, size):
            self.scratch[i] = 0
        if times > 0:
            if self.scratch[u] == 0:
                self.scratch[u] = 252 + self.is_home[self.tail[e]]
            if self.scratch[v] == 0:
                self.scratch[v] = 248 + self.is_home[self.head[e]]
            self._unite(size, u, v)
            if times == 1:
                self.scratch[u] ^= 2
                self.scratch[v] ^= 2
        if self.leaves[step] & 1:
            i = self._leave(step, size, u, self.tail[e])
            if i != 0:
                return i
            size -= 1
            if v > u:
                v -= 1
        if self.leaves[step] & 2:
            i = self._leave(step, size, v, self.head[e])
            if i != 0:
                return i
            size -= 1
        return self._numbered(size)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unite(self, size: cython.int, u: cython.int, v: cython.int) -> cython.void:
        keep: cython.int = self.scratch[u] >> 2
        gone: cython.int = self.scratch[v] >> 2
        started: cython.int = (self.scratch[u] | self.scratch[v]) & 1
        i: cython.int
        part: cython.int
        if keep == gone:
            return
        for i in range(size):
            part = self.scratch[i] >> 2
            if part == keep or part == gone:
                self.scratch[i] = keep * 4 + (self.scratch[i] & 2) + started

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _leave(self, step: cython.int, size: cython.int, place: cython.int, node: cython.int) -> cython.int:
        """Take a node out of the frontier: 0 fine, -1 impossible, -2 it was the last of a walk that is finished."""
        byte: cython.int = self.scratch[place]
        i: cython.int
        others: cython.int = 0
        alone: cython.int = 1
        if byte & 2:
            return -1
        if byte == 0:
            if self.is_via[node]:
                return -1
        else:
            for i in range(size):
                if i != place and self.scratch[i] != 0:
                    if self.scratch[i] >> 2 == byte >> 2:
                        alone = 0
                        break
                    others = 1
            if alone:
                # the part closes: it is the whole walk, or nothing
                if others or byte & 1 == 0 or self._misses_via(step, node):
                    return -1
                return -2
        for i in range(place, size - 1):
            self.scratch[i] = self.scratch[i + 1]
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _misses_via(self, step: cython.int, node: cython.int) -> cython.int:
        """Whether a via node is not touched when the walk ends at `node` and no other node of the frontier is walked.

        Via nodes that left earlier were touched; so was the tail, where both ends of the edge leave and it went first.
        """
        e: cython.int = self.order[step]
        count: cython.int = self.vias_open[step] - self.is_via[node]
        if self.leaves[step] == 3 and node == self.head[e]:
            count -= self.is_via[self.tail[e]]
        return count > 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _numbered(self, size: cython.int) -> cython.longlong:
        """The number of the state in `scratch`, its parts numbered in order; it is entered where it is new."""
        i: cython.int
        part: cython.int
        parts: cython.int = 0
        h: cython.ulonglong = 14695981039346
        at: cython.longlong
        s: cython.longlong
        same: cython.int
        mask: cython.longlong = self.slots - 1
        for i in range(64):
            self.renamed[i] = 0
        for i in range(size):
            if self.scratch[i]:
                part = self.scratch[i] >> 2
                if self.renamed[part] == 0:
                    parts += 1
                    self.renamed[part] = parts
                self.scratch[i] = self.renamed[part] * 4 + (self.scratch[i] & 3)
            h = ((h ^ self.scratch[i]) * self.mixer) & self.low_bits
        h ^= h >> 23
        at = h & mask
        while self.slot_stamp[at] == self.stamp:
            s = self.slot[at]
            same = 1
            for i in range(size):
                if self.next_state[s * self.width + i] != self.scratch[i]:
                    same = 0
                    break
            if same:
                return s
            at = (at + 1) & mask
        s = self.next_count
        self.next_count += 1
        self.slot_stamp[at] = self.stamp
        self.slot[at] = s
        for i in range(size):
            self.next_state[s * self.width + i] = self.scratch[i]
        self.next_room[s] = -self.infinite * 4096
        return s

    # --- 2. prices

    def price(self, length_price, climb_price):
        """The best closed walk where each metre has a price (in 1/4096 points, also below 0), whatever its length.

        Parameters
        ----------
        length_price, climb_price : the second one of a unit of climb, 0 or more; not used without a limit on climb.

        Returns
        -------
        (bound, length, climb, earned, walk) : a bound on the objective of every loop, in 1/4096 points, and the walk,
        {edge: times walked}, which may break the limits; None where no closed walk is left. The hopes for labels
        then use the best of the prices that were tried.
        """
        length_price = max(-self.most_length_price, min(length_price, self.most_length_price))
        climb_price = 0 if self.max_climb < 0 else max(0, min(climb_price, self.most_climb_price))
        states: cython.longlong = self.level_first[self.m + 1]
        row: cython.int
        if self.rows == 0:
            self.to_come = _zeros("q", (KEPT_PRICES + 1) * states)
            self.row_length_price, self.row_climb_price, self.row_bound = (
                _zeros("q", KEPT_PRICES + 1) for _ in range(3)
            )
        # the worst of the rows is used anew
        row = self.rows
        if row > KEPT_PRICES:
            row = 0
            for other in range(1, KEPT_PRICES + 1):
                if self.row_bound[other] > self.row_bound[row]:
                    row = other
        else:
            self.rows += 1
        self.row_length_price[row], self.row_climb_price[row] = length_price, climb_price
        with cython.nogil:
            self._look_back(row, row * states)
        bound = self.to_come[row * states] + self._length_hope(0, length_price)
        bound += climb_price * max(0, self.max_climb)
        self.row_bound[row] = bound
        if self.to_come[row * states] <= -INFINITE * HOPE // 2:
            return None
        return bound, *self._walk_at(row, row * states)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _priced(self, row: cython.int, e: cython.int, times: cython.int) -> cython.longlong:
        """What walking an edge so often earns less the prices of its metres."""
        value: cython.longlong = -times * (
            self.row_length_price[row] * self.length[e] + self.row_climb_price[row] * self.climb[e]
        )
        if times > 0:
            value += self.earning[e] * 4096
        if times == 2:
            value -= self.again[e] * 4096
        return value

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _look_back(self, row: cython.int, base: cython.longlong) -> cython.void:
        """From the last step to the first: the most that can still come from each state."""
        step: cython.int
        s: cython.longlong
        k: cython.int
        times: cython.int
        best: cython.longlong
        value: cython.longlong
        nothing: cython.longlong = -self.infinite * 4096
        # after the last edge nothing can be finished any more
        for s in range(self.level_first[self.m], self.level_first[self.m + 1]):
            self.to_come[base + s] = nothing
        for step in range(self.m - 1, -1, -1):
            for times in range(3):
                self.gains[times] = self._priced(row, self.order[step], times)
            for s in range(self.level_first[step], self.level_first[step + 1]):
                best = nothing
                for times in range(3):
                    k = self.follow[3 * s + times]
                    if k == -1:
                        continue
                    value = self.gains[times]
                    if k >= 0:
                        if self.to_come[base + k] == nothing:
                            continue
                        value += self.to_come[base + k]
                    if value > best:
                        best = value
                self.to_come[base + s] = best

    def _walk_at(self, row, base):
        """The walk that is best at these prices: its length, climb, earnings and {edge: times walked}."""
        walk = {}
        length = climb = value = state = 0
        for step in range(self.m):
            e = self.order[step]
            for times in range(3):
                after = self.follow[3 * state + times]
                if after != -1:
                    rest = self.to_come[base + after] if after >= 0 else 0
                    if self._priced(row, e, times) + rest == self.to_come[base + state]:
                        break
            if times:
                walk[e] = times
                length += times * self.length[e]
                climb += times * self.climb[e]
                value += self.earning[e] - (self.again[e] if times == 2 else 0)
            if after == -2:
                break
            state = after
        return length, climb, value, walk

    # --- 3. labels

    def settle(self, at_least, most_labels, keep_going, *, exact_length):
        """Find the best loop among the states that were explored; needs a `price` before.

        Parameters
        ----------
        at_least : only objectives above this are looked for; not below that of `explore`.
        most_labels : no more than this at each step; about 250 bytes each.
        keep_going : called before each step; where it returns False, so does this.
        exact_length : keep the lower end of the window exactly, at the price of more labels. Otherwise labels are
            dropped for shorter ones that are as good: a walk too short for the window may hide one that is long
            enough, so only `bound` is certain.
        """
        self.exact_length = exact_length
        # a label that has dominated longer ones must not go because it is too short itself
        self.least_length = self.min_length if exact_length else 0
        self.best = self.best_any = at_least
        self.best_size = 0
        self._make_room_for_labels(most_labels)
        self.label_count = 1
        self.label_state[0] = self.label_length[0] = self.label_value[0] = 0
        self.label_climb[0] = self.label_repeat[0] = self.label_road[0] = 0
        self.label_trace[0] = -1
        self.trace_count = 0
        step: cython.int
        for step in range(self.m):
            if not keep_going():
                self.least_length = self.min_length
                return False
            count = self.level_first[step + 2] - self.level_first[step + 1]
            if count > len(self.new_head):
                self.new_head = _zeros("q", 2 * count)
            if self.trace_count + self.label_count * 3 + 8 > self.trace_size:
                self._sweep_traces()
            with cython.nogil:
                self._decide(step)
                self._keep_best_labels(step)
        self.least_length = self.min_length
        return True

    def _make_room_for_labels(self, most):
        self.most = most
        size = 3 * most + 8
        self.label_state, self.label_length, self.label_value = (_zeros("q", most + 8) for _ in range(3))
        self.label_climb, self.label_repeat, self.label_road = (_zeros("q", most + 8) for _ in range(3))
        self.label_trace = _zeros("i", most + 8)
        self.new_length, self.new_value, self.new_hope = (_zeros("q", size) for _ in range(3))
        self.new_climb, self.new_repeat, self.new_road = (_zeros("q", size) for _ in range(3))
        self.new_from, self.new_times = _zeros("i", size), _zeros("b", size)
        self.new_link, self.sorting = _zeros("q", size), _zeros("q", size)
        self.new_head = _zeros("q", 1024)
        if size > len(self.hopes):
            self.hopes = _zeros("q", size)
        self.trace_size = 8 * most + 1024
        self.trace_before, self.trace_step = _zeros("i", self.trace_size), _zeros("i", self.trace_size)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _hope(
        self, state: cython.longlong, length: cython.longlong, value: cython.longlong, climb: cython.longlong
    ) -> cython.longlong:
        """An upper bound on the objective of any loop that a label at a state can become."""
        states: cython.longlong = self.level_first[self.m + 1]
        row: cython.int
        hope: cython.longlong
        least: cython.longlong = self.infinite * 4096
        for row in range(self.rows):
            hope = self.to_come[row * states + state]
            if hope == -self.infinite * 4096:
                return hope
            hope += value * 4096 + self._length_hope(length, self.row_length_price[row])
            if self.max_climb >= 0:
                hope += self.row_climb_price[row] * (self.max_climb - climb)
            if hope < least:
                least = hope
        return least

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _decide(self, step: cython.int) -> cython.void:
        """Walk the edge of this step 0, 1 or 2 times with every label: candidates for the next labels."""
        e: cython.int = self.order[step]
        first: cython.longlong = self.level_first[step + 1]
        i: cython.longlong
        times: cython.int
        after: cython.longlong
        length: cython.longlong
        value: cython.longlong
        climb: cython.longlong
        repeat: cython.longlong
        road: cython.longlong
        hope: cython.longlong
        new: cython.longlong
        self.new_count = 0
        for i in range(self.level_first[step + 2] - first):
            self.new_head[i] = -1
        for i in range(self.label_count):
            for times in range(3):
                after = self.follow[3 * self.label_state[i] + times]
                if after == -1:
                    continue
                length = self.label_length[i] + times * self.length[e]
                climb = self.label_climb[i] + times * self.climb[e]
                if length > self.max_length or (self.max_climb >= 0 and climb > self.max_climb):
                    continue
                value = self.label_value[i]
                if times > 0:
                    value += self.earning[e]
                if times == 2:
                    value -= self.again[e]
                repeat = self.label_repeat[i]
                road = self.label_road[i]
                if self.repeat_limit >= 0:
                    repeat -= self.repeat_limit * times * self.length[e]
                    if times == 2:
                        repeat += 10000 * self.length[e]
                if self.road_limit >= 0:
                    road += times * (10000 * self.road[e] - self.road_limit * self.length[e])
                if after == -2:
                    self._finish(i, e, times, length, value, repeat, road)
                    continue
                hope = self._hope(after, length, value, climb)
                if hope < (self.best + 1) * 4096:
                    continue
                new = self.new_count
                self.new_count += 1
                self.new_length[new] = length
                self.new_value[new] = value
                self.new_climb[new] = climb
                self.new_repeat[new] = repeat
                self.new_road[new] = road
                self.new_hope[new] = hope
                self.new_from[new] = self.label_trace[i]
                self.new_times[new] = times
                self.new_link[new] = self.new_head[after - first]
                self.new_head[after - first] = new

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _finish(
        self,
        i: cython.longlong,
        e: cython.int,
        times: cython.int,
        length: cython.longlong,
        value: cython.longlong,
        repeat: cython.longlong,
        road: cython.longlong,
    ) -> cython.void:
        """A closed walk: remember it if it is the best so far."""
        t: cython.int
        if repeat > 0 or road > 0:
            return
        if length > self.target:
            value -= self.overlength_cost * (length - self.target)
        if value > self.best_any:
            self.best_any = value
        if length < self.min_length or value <= self.best:
            return
        self.best = value
        self.best_size = 0
        if times > 0:
            self.best_steps[0] = e * 4 + times
            self.best_size = 1
        t = self.label_trace[i]
        while t >= 0:
            self.best_steps[self.best_size] = self.trace_step[t]
            self.best_size += 1
            t = self.trace_before[t]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _keep_best_labels(self, step: cython.int) -> cython.void:
        """Of the candidates of each state keep those that nothing dominates, and no more than there is room for."""
        s: cython.longlong
        k: cython.longlong
        i: cython.longlong
        size: cython.longlong
        kept: cython.longlong = 0
        least: cython.longlong = -self.infinite * 4096
        first: cython.longlong = self.level_first[step + 1]
        # `sorting` gets the survivors, state by state; `new_head` becomes the end of each state's part of it
        for s in range(self.level_first[step + 2] - first):
            size = 0
            i = self.new_head[s]
            while i >= 0:
                self.sorting[kept + size] = i
                size += 1
                i = self.new_link[i]
            if size > 0:
                self._sort(kept, size)
                kept = self._front(kept, size)
            self.new_head[s] = kept
        if kept > self.most:
            for k in range(kept):
                self.hopes[k] = self.new_hope[self.sorting[k]]
            least = self._of_rank(kept, self.most)
        k = 0
        self.label_count = 0
        for s in range(self.level_first[step + 2] - first):
            while k < self.new_head[s]:
                i = self.sorting[k]
                k += 1
                if self.new_hope[i] < least or self.label_count >= self.most:
                    if self.new_hope[i] > self.dropped:
                        self.dropped = self.new_hope[i]
                    continue
                self._adopt(step, first + s, i)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _adopt(self, step: cython.int, state: cython.longlong, i: cython.longlong) -> cython.void:
        k: cython.longlong = self.label_count
        self.label_count += 1
        self.label_state[k] = state
        self.label_length[k] = self.new_length[i]
        self.label_value[k] = self.new_value[i]
        self.label_climb[k] = self.new_climb[i]
        self.label_repeat[k] = self.new_repeat[i]
        self.label_road[k] = self.new_road[i]
        if self.new_times[i] == 0:
            self.label_trace[k] = self.new_from[i]
        else:
            self.trace_before[self.trace_count] = self.new_from[i]
            self.trace_step[self.trace_count] = self.order[step] * 4 + self.new_times[i]
            self.label_trace[k] = self.trace_count
            self.trace_count += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _before(self, a: cython.longlong, b: cython.longlong) -> cython.int:
        """Shorter first; of equal length the more valuable first, then the older one."""
        if self.new_length[a] != self.new_length[b]:
            return self.new_length[a] < self.new_length[b]
        if self.new_value[a] != self.new_value[b]:
            return self.new_value[a] > self.new_value[b]
        return a < b

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sort(self, base: cython.longlong, size: cython.longlong) -> cython.void:
        """Shell's sort (1959) of a part of `sorting`, with Knuth's gaps 1, 4, 13, 40, ..."""
        gap: cython.longlong = 1
        i: cython.longlong
        j: cython.longlong
        at: cython.longlong
        while 3 * gap + 1 < size:
            gap = 3 * gap + 1
        while gap > 0:
            for i in range(gap, size):
                at = self.sorting[base + i]
                j = i
                while j >= gap and self._before(at, self.sorting[base + j - gap]):
                    self.sorting[base + j] = self.sorting[base + j - gap]
                    j -= gap
                self.sorting[base + j] = at
            gap = gap // 3

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _front(self, base: cython.longlong, size: cython.longlong) -> cython.longlong:
        """Keep the candidates of one state, sorted, that none dominates; the end of what is kept."""
        kept: cython.longlong = base
        k: cython.longlong
        i: cython.longlong
        for k in range(base, base + size):
            i = self.sorting[k]
            if not self._dominated(base, kept, i):
                self.sorting[kept] = i
                kept += 1
        return kept

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _dominated(self, base: cython.longlong, kept: cython.longlong, i: cython.longlong) -> cython.int:
        """Whether a candidate is no better in anything than one kept before (which is not longer)."""
        k: cython.longlong = kept
        last: cython.longlong = base
        j: cython.longlong
        if self.resources == 0 and self.exact_length == 0:
            # the last one kept is the most valuable
            return kept > base and self.new_value[self.sorting[kept - 1]] >= self.new_value[i]
        if kept - base > self.most_compared:
            last = kept - self.most_compared
        while k > last:
            k -= 1
            j = self.sorting[k]
            # a shorter one may be too short for the window
            if self.exact_length and self.new_length[j] < self.min_length and self.new_length[j] < self.new_length[i]:
                return 0
            if (
                self.new_value[j] >= self.new_value[i]
                and self.new_climb[j] <= self.new_climb[i]
                and self.new_repeat[j] <= self.new_repeat[i]
                and self.new_road[j] <= self.new_road[i]
            ):
                return 1
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _of_rank(self, count: cython.longlong, rank: cython.longlong) -> cython.longlong:
        """The value in `hopes` that `rank` others are not below (Hoare's selection, 1961)."""
        low: cython.longlong = 0
        high: cython.longlong = count - 1
        i: cython.longlong
        j: cython.longlong
        pivot: cython.longlong
        swap: cython.longlong
        # descending
        while low < high:
            pivot = self.hopes[low + (high - low) // 2]
            i = low
            j = high
            while i <= j:
                while self.hopes[i] > pivot:
                    i += 1
                while self.hopes[j] < pivot:
                    j -= 1
                if i <= j:
                    swap = self.hopes[i]
                    self.hopes[i] = self.hopes[j]
                    self.hopes[j] = swap
                    i += 1
                    j -= 1
            if rank <= j:
                high = j
            elif rank >= i:
                low = i
            else:
                break
        return self.hopes[rank]

    def _sweep_traces(self):
        """Forget how labels came about that are gone; make more room where that does not help."""
        t: cython.longlong
        i: cython.longlong
        count: cython.longlong = 0
        number: cython.int[::1] = _zeros("i", self.trace_size)
        with cython.nogil:
            for i in range(self.label_count):
                t = self.label_trace[i]
                while t >= 0 and number[t] == 0:
                    number[t] = 1
                    t = self.trace_before[t]
            # a trace stands behind the one before it, so one pass moves all
            for t in range(self.trace_count):
                if number[t]:
                    self.trace_step[count] = self.trace_step[t]
                    if self.trace_before[t] >= 0:
                        self.trace_before[count] = number[self.trace_before[t]]
                    else:
                        self.trace_before[count] = -1
                    number[t] = count
                    count += 1
            for i in range(self.label_count):
                if self.label_trace[i] >= 0:
                    self.label_trace[i] = number[self.label_trace[i]]
        self.trace_count = count
        if count + self.label_count * 3 + 8 > self.trace_size // 2:
            size = 2 * self.trace_size + 3 * self.label_count + 8
            before: cython.int[::1] = _zeros("i", size)
            steps: cython.int[::1] = _zeros("i", size)
            before[: self.trace_size] = self.trace_before[: self.trace_size]
            steps[: self.trace_size] = self.trace_step[: self.trace_size]
            self.trace_before, self.trace_step, self.trace_size = before, steps, size

    # --- what came out

    def best_value(self):
        """The best objective within the window, or `at_least` where none is better."""
        return self.best

    def best_walk(self):
        """A walk that reaches `best_value`, as {edge: times walked}; None where none is better than `at_least`."""
        if self.best_size == 0:
            return None
        return {self.best_steps[i] >> 2: self.best_steps[i] & 3 for i in range(self.best_size)}

    def bound(self):
        """No closed walk within the window and the limits has a higher objective than this and `at_least`."""
        bound = self.best if self.exact_length else max(self.best, self.best_any)
        return bound if self.is_complete() else max(bound, self.dropped // HOPE)

    def is_complete(self):
        """Whether no label had to be dropped for want of room."""
        return self.dropped == -INFINITE
