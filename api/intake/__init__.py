"""Who wants what delivered where, by whom, and what are they promised?"""
