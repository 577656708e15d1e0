"""Small measurements of Ocelli itself, each run by one command: ``python -m evals.bench.NAME``."""
