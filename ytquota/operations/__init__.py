"""What runs beside the bots and keeps watch."""
