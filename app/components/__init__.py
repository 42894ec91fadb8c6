"""Small browser components, for what a stock Streamlit element cannot do."""
