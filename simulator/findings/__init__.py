"""What would go wrong, and every fact of the database and the code that explains it."""
