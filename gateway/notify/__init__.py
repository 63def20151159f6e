"""Tells the outside, by signed webhooks, what happened."""
