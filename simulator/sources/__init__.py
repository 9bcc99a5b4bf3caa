"""The scenario's inputs: trees of code out of git, dumps, scripts."""
