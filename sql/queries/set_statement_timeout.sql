-- Bounds how long a statement of this transaction may take. Locks nothing.
SELECT set_config('statement_timeout', :'timeout', true)
