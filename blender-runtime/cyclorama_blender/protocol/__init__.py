"""Defines the pipe to the worker and the messages on it. Imports only the standard library."""
