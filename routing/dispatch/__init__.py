"""The living plan of a city: what the dispatcher reads, decides and writes.

`routing.dispatcher` is the loop. What it reads is one frozen value, `state.CityState`; what it
decides are pure functions of that value; `store` alone speaks to the database.
"""
