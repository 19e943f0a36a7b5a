"""Charts: what to draw, as plain data; drawing it is the business of whoever shows it."""
