"""What runs on the target for the module `host_state`: docs/host_state.md is its manual."""
