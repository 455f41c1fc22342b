"""What the scores say: summaries, paired comparisons with a verdict, and the gate. Pure functions over frames.

Two long frames go in. ``scores`` has the columns ``prompt, version, model, case_id, repeat, scorer, value,
passed, error``; ``cells`` has ``prompt, version, model, case_id, repeat, cost_usd, latency_s, ttft_s,
input_tokens, output_tokens, cached, error``. A value that is missing *with* an error is an error; a value that
is missing *without* one is unknown, such as the cost of a model that has no price. Neither is ever a zero.
"""
