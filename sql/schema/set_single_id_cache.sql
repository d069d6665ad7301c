-- Lets a session take one id at a time again, after the load. Takes SHARE ROW EXCLUSIVE on the sequence.
ALTER SEQUENCE :"target".tier_model_access_id_seq CACHE 1
