"""Makes an imported scene ready to render: placement, solids, materials, and warnings of omissions."""
