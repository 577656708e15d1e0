"""Who can do it: one file a model or library."""
