-- Settles for each tier the code by which the old application knows it, in the decisions in force: the decided one, else the one that most models hold, else the tier's own: tierflow/write_codes.py. Locks that row of the ledger where it changes.
WITH held AS (
    SELECT element.code, sum(pair.models) AS models
    FROM pg_temp.element AS element
    INNER JOIN pg_temp.pair AS pair ON element.pair = pair.number
    WHERE element.fate <> 'duplicates' AND element.code IN (SELECT candidate.code FROM pg_temp.candidate AS candidate)
    GROUP BY element.code
),

chosen AS (
    SELECT DISTINCT ON (candidate.tier_id) candidate.tier_code, candidate.code
    FROM pg_temp.candidate AS candidate
    CROSS JOIN pg_temp.settled AS settled
    LEFT JOIN held ON candidate.code = held.code
    ORDER BY candidate.tier_id,
        settled.decisions #>> ARRAY['write_codes', candidate.tier_code] IS DISTINCT FROM candidate.code,
        coalesce(held.models, 0) DESC, candidate.place
),

wanted AS (
    SELECT jsonb_build_object('write_codes', coalesce(jsonb_object_agg(chosen.tier_code, chosen.code), '{}')) AS decisions
    FROM chosen
)

UPDATE :"ledger".decision AS stored
SET decisions = stored.decisions || wanted.decisions
FROM wanted
WHERE stored.decisions || wanted.decisions <> stored.decisions
