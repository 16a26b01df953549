"""Imports an asset, stages it and renders it. Only this room imports bpy."""
