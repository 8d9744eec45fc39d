"""What the service answers: one short file a subject, each with `router(station)`."""
