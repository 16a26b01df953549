"""Runs the Blender side of Cyclorama: a warm process that does one request at a time and never uses the network."""
