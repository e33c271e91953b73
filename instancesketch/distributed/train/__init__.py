"""What Ray Train adds to the loop over epochs."""
