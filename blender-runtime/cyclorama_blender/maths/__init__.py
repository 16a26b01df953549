"""Camera, framing and mesh mathematics in numpy. No bpy, no files."""
