"""The terminal app over hpi_core."""
