"""What the built-in offline model is made of: reading the request, then classifying, extracting, summarising.

Nothing here knows any prompt, suite or case. Every rule is about wording that any prompt may use.
"""
