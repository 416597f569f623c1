"""Schema changes of the records' database, in order."""
