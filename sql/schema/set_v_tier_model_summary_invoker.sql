-- Sets that the view v_tier_model_summary reads with the rights of whoever asks, and under their row security; PostgreSQL 14 has no such view. Takes ACCESS EXCLUSIVE on it.
ALTER VIEW :"schema".v_tier_model_summary SET (security_invoker = true)
