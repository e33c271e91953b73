"""What is done with a result or corpus folder."""
