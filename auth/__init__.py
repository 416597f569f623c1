"""Who may call: scopes and callers. Imports nothing else of ours."""
