"""Tables, result files and charts."""
