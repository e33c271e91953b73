"""All that uses Ray: the cluster, batch work on Ray Data, training and sweeps."""
