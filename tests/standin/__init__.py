"""Our own stand-ins for the platforms: real HTTP on 127.0.0.1, strict where the platform is."""
