"""Renders with Cycles: device, settings, light and the render itself."""
