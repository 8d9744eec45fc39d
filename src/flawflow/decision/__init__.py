"""From a score and a map to a decision: p-value, verdict, regions."""
