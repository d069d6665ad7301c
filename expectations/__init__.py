"""The Great Expectations suites, the judge that applies them, and the data docs that show them.

Great Expectations takes seconds to import: only `judge`, `data_docs` and `suites` import it, and
`judging` runs them in a process of their own, and is the way in.
"""
