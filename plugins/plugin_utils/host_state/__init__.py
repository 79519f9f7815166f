"""What runs on the controller for the action plugin `host_state`."""
