"""Imports a file and describes what it holds."""
