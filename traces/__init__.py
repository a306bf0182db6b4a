"""From logs of real services to verdicts."""
