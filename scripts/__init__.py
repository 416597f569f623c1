"""The commands of the build: checks, bundle, snapshots."""
