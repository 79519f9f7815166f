"""Load on the deployed service that counts every request, and a ledger of what it said it had stored."""
