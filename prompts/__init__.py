"""What planners are told and the words they know, as data. Read by ``agent/prompts.py`` alone."""
