"""Imports a file and describes its contents."""
