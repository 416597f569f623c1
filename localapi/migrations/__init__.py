"""Schema changes of the embedded API's database, in order."""
