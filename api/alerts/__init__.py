"""Why must somebody act, who did what about it, and what work is planned?"""
