"""How do the rooms of the gateway reach the database?"""
