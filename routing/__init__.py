"""The router: orders, depots and vehicles in, a judged plan out. docs/routing.md leads through it.

Where to begin:

- the words: `problem`, `plan`; what happens when, and what it costs: `day`, `evaluate`
- finding a plan: `solve` chooses an `engine`: `search` (compiled), `constraint` (OR-Tools), `scale`
  (thousands of orders), `recombined`; beside them `repair` and `locked`
- what a problem may be, and its JSON: `check` (`check_values`, `check_travel`), `document`
  (`document_shapes`, `document_reading`), `plan_document`; others' forms: `exchange`
- how far it is: `travel`; from where: `travel_sources` (`travel_values`, `travel_places`), `roads`,
  `osrm` (`deadline`), `weather`, `slices`
- why an order stays behind, and why a plan is as it is: `unserved` (`trial`, `suitable`, `remedy`),
  `explain`, in `words`
- pictures: `drawing` (`drawing_map`, `drawing_gantt`, `drawing_style`), `geojson`, from
  `tracks` and `timeline`
- days to try it on: `city` (`city_homes`, `city_fleet`, `city_scenarios`), in the middle of the day
  `city_under_way` (`city_standing`, `city_first_trips`)
"""
