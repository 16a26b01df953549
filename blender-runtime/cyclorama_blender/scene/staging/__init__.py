"""Makes an imported scene fit to render: placement, solids, materials, omissions."""
