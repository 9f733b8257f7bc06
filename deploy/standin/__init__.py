"""Stand-ins for parts of a cloud, for tests and measurements on one machine. What they show is no figure of a cloud."""
