"""What an inspection leaves: one record of each picture, and the sinks that take it."""
