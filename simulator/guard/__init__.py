"""What merging a branch does to the migration files: git's trees and syntax trees in, problems out.

Nothing here runs or imports the project, and nothing asks a database.
"""
