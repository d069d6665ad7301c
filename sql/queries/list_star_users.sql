-- Returns what can break when the models get another column, as far as the database knows it: name, and how it names their columns. Reads only.
-- A view with SELECT * keeps the columns that it was made with; what a session has prepared, and a COPY without a list of columns, nobody can see here.
WITH source AS (
    SELECT class.oid, class.reltype, type.typarray
    FROM pg_class AS class
    INNER JOIN pg_type AS type ON class.reltype = type.oid
    WHERE class.oid = to_regclass(format('%I.model_access_control', :'schema'::text))
),

routine AS (
    SELECT proc.*
    FROM pg_proc AS proc
    INNER JOIN pg_namespace AS namespace ON proc.pronamespace = namespace.oid
    WHERE namespace.nspname NOT IN ('pg_catalog', 'information_schema', :'ledger', :'build')
        AND NOT EXISTS (
            SELECT FROM pg_depend AS member
            WHERE member.classid = 'pg_proc'::regclass AND member.objid = proc.oid AND member.deptype = 'e'
        )
)

SELECT pg_describe_object('pg_proc'::regclass, routine.oid, 0) AS name, 'has the row type of the models' AS how
FROM routine
CROSS JOIN source
WHERE ARRAY[source.reltype, source.typarray] && (ARRAY[routine.prorettype] || coalesce(routine.proallargtypes, routine.proargtypes::oid []))
UNION
SELECT pg_describe_object('pg_trigger'::regclass, trigger.oid, 0),
    'copies ' || upper((regexp_match(routine.prosrc, '\m(old|new)\s*\.\s*\*', 'i'))[1]) || '.*'
FROM source
INNER JOIN pg_trigger AS trigger ON trigger.tgrelid = source.oid AND NOT trigger.tgisinternal
INNER JOIN routine ON trigger.tgfoid = routine.oid
WHERE routine.prosrc ~* '\m(old|new)\s*\.\s*\*'
UNION
SELECT pg_describe_object('pg_proc'::regclass, routine.oid, 0), 'names the models and * in its body'
FROM routine
WHERE routine.prosrc ~* '\mmodel_access_control\M' AND routine.prosrc ~* '(\mselect\s+|\mreturning\s+|\.\s*)\*'
UNION
SELECT pg_describe_object('pg_rewrite'::regclass, rule.oid, 0), 'has a whole row of the models'
FROM source
INNER JOIN pg_depend AS depend ON depend.refclassid = 'pg_class'::regclass AND depend.refobjid = source.oid
INNER JOIN pg_rewrite AS rule ON depend.classid = 'pg_rewrite'::regclass AND depend.objid = rule.oid
INNER JOIN pg_class AS class ON rule.ev_class = class.oid
WHERE class.relnamespace IS DISTINCT FROM to_regnamespace(quote_ident(:'ledger'))
    AND pg_get_ruledef(rule.oid) ~ '\.\*'
UNION
SELECT format('publication %I', publication.pubname),
    CASE WHEN listed.columns THEN 'lists the columns of the models: the new ones are not published'
        ELSE 'publishes the models: a subscriber needs the new columns before, or stops'
    END
FROM pg_publication AS publication
INNER JOIN LATERAL pg_get_publication_tables(publication.pubname) AS published ON true
INNER JOIN source ON published.relid = source.oid
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM pg_publication_rel AS rel
        WHERE rel.prpubid = publication.oid AND rel.prrelid = source.oid
            AND to_jsonb(rel) ->> 'prattrs' IS NOT NULL
    ) AS columns
) AS listed
ORDER BY 1, 2
