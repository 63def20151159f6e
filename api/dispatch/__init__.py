"""What do dispatchers see of a city's living plan, and what do they say about it?"""
