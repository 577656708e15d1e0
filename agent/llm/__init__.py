"""Talking to language models: what is sent, what comes back, and every fault on the way.

Knows nothing of pictures' meaning, tools or planners.
"""
