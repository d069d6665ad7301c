-- Returns whether a tier may use a model, as the published function says.
SELECT public.is_model_available_for_tier(%(model_id)s, %(code)s)
