"""Each module measures one thing and knows nothing of storage or alerts."""
