"""How every throwaway server is configured, whichever engine runs it."""

# Nothing has to survive a crash, and nothing else may disturb what is measured.
THROWAWAY = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
# The SQLSTATEs of a restore are read from the csvlog, in one language, so no scenario's parameter may change these.
LOGGING = {
    "lc_messages": "C",
    "log_destination": "csvlog",
    "logging_collector": "on",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
}
# For sh, with the data directory and the server's own command line. The first server's mark in the data directory,
# seen through a layer, would keep another one from starting there.
AS_IF_ALONE = 'rm -f "$1/postmaster.pid"; shift; exec "$@"'
