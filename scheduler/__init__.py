"""The alarm clock: asks the door, again and again, to wake whoever is due."""
