"""To and from networkx, for people who hold a graph already. networkx is imported here only, when it is called for."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from solver.problem import Edge, Network

if TYPE_CHECKING:
    import networkx

#: What an edge's attributes earn; the default takes `score`, or the length where there is none.
Score = Callable[[Mapping[str, Any]], float]


class Numbered(NamedTuple):
    """A network, and what its numbers stand for: node i is `nodes[i]`, edge i is `edges[i]` = (u, v, key)."""

    network: Network
    nodes: tuple[Hashable, ...]
    edges: tuple[tuple[Hashable, Hashable, Hashable], ...]

    def numbers(self, *nodes: Hashable) -> list[int]:
        """Numbers of nodes, e.g. of trailheads.

        Raises
        ------
        ValueError : the graph has no such node.
        """
        number = {node: i for i, node in enumerate(self.nodes)}
        missing = [node for node in nodes if node not in number]
        if missing:
            raise ValueError(f"the graph has no node {missing[0]!r}")
        return [number[node] for node in nodes]


def from_networkx(graph: networkx.Graph, *, length: str = "length", score: str | Score | None = None) -> Numbered:
    """Make a network of an undirected networkx graph or multigraph, which is not changed.

    Parameters
    ----------
    graph : edges carry `length` (metres, rounded to integers), and may carry `up` and `down` (metres climbed and lost
        from the first node of the edge, as networkx lists it, to the second).
    length : name of the length attribute.
    score : name of the score attribute, or a function of an edge's attributes; by default every metre earns 1.

    Raises
    ------
    ValueError : the graph is directed, or an edge has no usable length.
    """
    if graph.is_directed():
        raise ValueError("the graph is directed; want an undirected one (graph.to_undirected())")
    nodes = tuple(graph.nodes)
    number = {node: i for i, node in enumerate(nodes)}
    keyed = (
        graph.edges(keys=True, data=True)
        if graph.is_multigraph()
        else ((u, v, 0, d) for u, v, d in graph.edges(data=True))
    )
    names, edges = [], []
    for u, v, key, data in keyed:
        if length not in data:
            raise ValueError(f"edge {u!r} - {v!r} has no attribute {length!r}")
        metres = _integer(data[length], f"{length} of edge {u!r} - {v!r}")
        earned = metres if score is None else data.get(score, 0) if isinstance(score, str) else score(data)
        climbs = (_integer(data.get(name, 0), f"{name} of edge {u!r} - {v!r}") for name in ("up", "down"))
        names.append((u, v, key))
        edges.append(Edge(number[u], number[v], metres, _integer(earned, f"score of edge {u!r} - {v!r}"), *climbs))
    return Numbered(Network(edges, len(nodes)), nodes, tuple(names))


def to_networkx(network: Network) -> networkx.MultiGraph:
    """The network as a MultiGraph; keys are edge ids, attributes are length, score, up, down (from u to v)."""
    import networkx

    graph = networkx.MultiGraph()
    graph.add_nodes_from(range(network.node_count))
    for i, e in enumerate(network.edges):
        graph.add_edge(e.u, e.v, key=i, u=e.u, v=e.v, length=e.length, score=e.score, up=e.up, down=e.down)
    return graph


def _integer(value: Any, what: str) -> int:
    try:
        number: int = round(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} is {value!r}, want a number") from None
    return number
