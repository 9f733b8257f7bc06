"""The comparison: the same trips at every target, measured, priced, and carried to a month's traffic.

Data flows one way: `regimes` asks and writes one `Record` per request; `figures` makes statistics of them; `cost` and
`simulation` carry those to a month; `advice` says what to take; `report` shows all of it. `python -m deploy.compare`.
"""
