"""The door for people and programs: orders, curves, the member's page."""
