"""All that imports bpy: import an asset, stage it, render it."""
