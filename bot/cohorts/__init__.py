"""Cohorts: groups that walk the course together, and those who lead them."""
