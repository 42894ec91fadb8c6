"""What views ask for: cached runs, forecasts in the background, training jobs."""
