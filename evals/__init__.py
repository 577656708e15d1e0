"""Asking Ocelli many questions with known answers, and judging what comes back."""
