"""Curves: what happened over time, measured once per trial and metric for everybody who asks."""
