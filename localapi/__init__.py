"""The REST API itself, complete and stateful, over a simulated network of platforms: for trying, testing, running."""
