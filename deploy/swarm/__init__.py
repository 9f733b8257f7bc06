"""LoopGenie on any Docker host, or a cluster of them, as a Docker swarm."""
