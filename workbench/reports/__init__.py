"""What people read: the terminal, Markdown and charts, all from the same summaries and comparisons."""
