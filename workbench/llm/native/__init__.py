"""The short way to most models: two protocols spoken over one aiohttp session, without LiteLLM in between.

Only what is known to leave LiteLLM unchanged goes this way; everything else goes through LiteLLM itself.
"""
