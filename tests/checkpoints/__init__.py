"""Tiny checkpoints with random weights: real architectures, saved and loaded as real ones are.

Each module builds the checkpoints of one family: ``build_NAME(folder)`` saves model, configuration
and processor into a folder, in seconds and without a network. The fixture ``hub`` lays them into a
cache of ``huggingface_hub``, under the ids that production code asks for.
"""
