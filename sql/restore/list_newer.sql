-- Returns the first models whose newer writes a restore would lose, in the order of their names: what they hold now, and what the file says. Reads only.
SELECT model, now, restored FROM pg_temp.newer ORDER BY model LIMIT :'most'
