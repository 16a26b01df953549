"""Makes images, metadata and checks from the passes that Blender wrote. Imports no bpy."""
