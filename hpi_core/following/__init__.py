"""Following: a source that grows is looked at now and then, and what is new in it is read.

`Follower` takes the turns: `watch` sees by one `stat` per file that something moved, `growing` reads only the appended
bytes where the format allows (one module per such format declares a FORMAT), `difference` says which trials are new,
`pace` keeps the share of one core that all of this takes small. Nothing here knows a user interface or starts a thread.
"""
