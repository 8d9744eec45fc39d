"""Where pure pieces of work run: in this process, in several of this machine, or on a cluster."""
