"""The rows of the table: loads, how they are measured, and their targets."""
