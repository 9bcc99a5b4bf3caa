"""Each fix on a clone: whole plans, their proofs, what they left behind, and the script of the one that works."""
