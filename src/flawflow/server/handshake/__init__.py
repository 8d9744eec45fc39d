"""The handshake with the machine: trigger, verdict, acknowledge, whatever protocol carries it."""
