"""Runs as processes of their own: launch, claim, heartbeat, cancel, recover."""
