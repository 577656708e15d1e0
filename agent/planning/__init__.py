"""How a thinking planner is asked and understood: the View as a request, a reply as a decision.

Knows nothing of who thinks: a server or a model in this process.
"""
