"""Models on disk, asked in this very process: no server, no network.

``local/<path>`` names one. Each kind of file has an engine of its own behind one interface (`engine.Engine`), and
each engine's library is an optional extra, imported when such a model is first asked.
"""
