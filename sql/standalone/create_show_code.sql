-- Creates the session's function that shows a code in quotes, with what cannot be seen of it escaped: tierflow/show_code.py, stated in SQL. Locks nothing.
CREATE OR REPLACE FUNCTION pg_temp.show_code(p_code text) RETURNS text
LANGUAGE sql STABLE STRICT
BEGIN ATOMIC
    SELECT '''' || coalesce(string_agg(
        CASE
            WHEN (octet_length(letter) = 1 OR current_setting('server_encoding') = 'UTF8') AND ('{'
                '[0,31], [127,160], [173,173], [847,847], [1564,1564], [4447,4448], [5760,5760], [6068,6069], [6155,6159],'
                '[8192,8207], [8232,8239], [8287,8303], [10240,10240], [12288,12288], [12644,12644], [65024,65039],'
                '[65279,65279], [65440,65440], [65529,65531], [917504,917999]'
                '}')::int4multirange @> ascii(letter)
                THEN '\u' || lpad(to_hex(ascii(letter)), 4, '0')
            ELSE letter
        END, '' ORDER BY place
    ), '') || CASE WHEN length(p_code) > 80 THEN '...' ELSE '' END || ''''
    FROM regexp_split_to_table(left(p_code, 80), '') WITH ORDINALITY AS split (letter, place);
END
