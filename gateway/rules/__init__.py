"""What the judge decides by: pure functions over curves and policies, no I/O."""
