"""This machine: processes, folders of runs, progress, time limits."""
