-- Creates the function that says whether an error is the verdict of a rule of the database on what was written, so that another try would meet it again. Locks nothing.
-- The others pass by, or are about the server or the role, and fail the write: connections, transaction states, serialization
-- and deadlocks, resources, locks, interruption, the system, the configuration, foreign servers, internal errors, privileges.
CREATE OR REPLACE FUNCTION :"ledger".sync_is_refusal(p_sqlstate text) RETURNS boolean
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT left(p_sqlstate, 2) NOT IN ('08', '25', '2D', '40', '53', '55', '57', '58', 'F0', 'HV', 'XX')
        AND p_sqlstate <> '42501';
END
