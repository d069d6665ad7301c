-- Revokes the right to call the function that writes the change log as its owner, which its trigger does not need. Locks nothing.
REVOKE ALL ON FUNCTION :"ledger".capture_change() FROM PUBLIC
