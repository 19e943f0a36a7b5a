"""The drawing surfaces panes are made of; each draws lines, none knows the sweep's meaning."""
