"""What a PostgreSQL database holds, and statements that change it."""
