"""From bytes to a typed table: encoding, dialect, records, cell types and shapes; shared by the readers."""
