"""How it sounds: templates, their renderer and the small markup they are written in."""
