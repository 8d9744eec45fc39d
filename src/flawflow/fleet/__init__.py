"""Many products with one command: plans, jobs that are done once, and one page of all."""
