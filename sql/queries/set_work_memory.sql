-- Sets up this session for work on one key range, or for grouping all values: 64 MB for a sort or a hash, where it has less, and no merge joins. Locks nothing.
-- A chunk of 50,000 models is sorted in 11 MB, 250,000 are compared in 16 MB a hash; with the default of 4 MB both went through files.
-- Merge joins: the planner knows no statistics of JSON text, and sorted it; the comparison of 1,000,000 models took 19.4 s, so 7.1 s.
-- No parallel workers: our sessions are as many as the work has cores for, and those of a survey sorted on disk: 2.4 s of processor time, so 1.0 s.
SELECT
    set_config('work_mem', greatest(pg_size_bytes(current_setting('work_mem')), 67108864) / 1024 || 'kB', false),
    set_config('enable_mergejoin', 'off', false),
    set_config('max_parallel_workers_per_gather', '0', false)
