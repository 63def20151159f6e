"""What did the gateway find in the readings: verdicts, excursions, forecasts?"""
