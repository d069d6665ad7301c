-- Sets that the view v_model_tier_access reads with the rights of whoever asks, and under their row security; PostgreSQL 14 has no such view. Takes ACCESS EXCLUSIVE on it.
ALTER VIEW :"schema".v_model_tier_access SET (security_invoker = true)
