-- Ends everything that this session has set, prepared, locked or made temporary. Locks nothing.
DISCARD ALL
