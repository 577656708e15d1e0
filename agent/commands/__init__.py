"""The commands of ``ocelli``, a module for each kind; ``agent/cli.py`` puts them together."""
