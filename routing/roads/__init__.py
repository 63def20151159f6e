"""How long is the way by road?

`reading` parses an OpenStreetMap extract into a `network` of edges between junctions; `cache` keeps
it on disk. `rules` say how quick a mode is on an edge, `graph` makes the mode's graph, `snapping`
finds each place's edge, `ways` runs Dijkstra, and `travel` answers. Turn restrictions, gates,
traffic lights and ferries are left out.
"""
