"""From nothing to a model that inspects, in the browser: pictures, region, learning, threshold."""
