"""The scenario's database: how it gets its state, and the copies that everything else runs on."""
