"""Statistics of a sweep: plain arrays and numbers in, frozen results out; nothing here knows where trials came from.

`causes.find_causes` is the door; `inputs` and `findings` hold what goes in and what comes out.
"""
