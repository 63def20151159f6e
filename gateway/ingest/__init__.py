"""Takes readings from MQTT into the database."""
