"""What can be done: every operation of the REST API, declared once, and the client that calls it."""
