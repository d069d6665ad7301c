"""The Great Expectations suites, the judge that applies them, and the data docs that show them.

Great Expectations takes seconds to import: only `judge`, `data_docs` and `suites` import it, and
`loading.load_judge` is the way to get them late or in the background.
"""
