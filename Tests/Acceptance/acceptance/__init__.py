"""Library of the acceptance tests: member processes, clusters, load, faults, checkers."""
