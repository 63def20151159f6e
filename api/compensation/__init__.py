"""What do members get where the promise was broken, by which rules, and on what evidence?"""
