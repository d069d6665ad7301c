-- Forgets the changes of some models up to a number each: they are archived. Locks nothing that the application uses.
DELETE FROM :"ledger".change_log AS log
USING unnest(:'models'::uuid [], :'numbers'::bigint []) AS archived (model_id, last)
WHERE log.model_id = archived.model_id AND log.change_id <= archived.last
