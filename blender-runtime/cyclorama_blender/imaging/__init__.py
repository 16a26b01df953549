"""Makes images, metadata and checks of the passes that Blender wrote. No bpy."""
