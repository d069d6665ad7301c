-- Returns the models that a tier may use, with their prices, as the published function lists them.
SELECT * FROM public.get_models_for_tier(%(code)s)
