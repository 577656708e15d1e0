"""One module a benchmark; ``evals/registry.py`` finds them."""
