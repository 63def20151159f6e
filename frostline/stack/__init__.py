"""How does Frostline run where nothing is installed: a database, a broker, a browser, no root?"""
