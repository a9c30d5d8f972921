"""What is taught and when: the programme's model, its loader and its content."""
