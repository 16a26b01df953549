"""The pipe to the worker and the messages on it. Standard library only."""
