"""The screens that cover the panes: help, columns, roles, details."""
