-- Returns whether a tier may use a model, as applications asked the JSONB before.
SELECT EXISTS (
    SELECT FROM public.model_access_control
    WHERE id = %(model_id)s AND enabled AND tier_access ? %(code)s
)
