"""Decides what the stored readings mean, for each consignment and place."""
