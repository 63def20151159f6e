"""One module a command group; each command imports its process only when it runs."""
