"""A demonstration without a Google account: sandbox, four weeks of history, live bots, the dashboard."""
