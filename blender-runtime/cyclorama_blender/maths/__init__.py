"""Computes cameras, framing and meshes with numpy. Imports no bpy and touches no files."""
