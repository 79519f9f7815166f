"""Background jobs: what kinds there are, their life in the database, and how a worker runs them."""
