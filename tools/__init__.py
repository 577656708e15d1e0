"""Vision experts: typed abilities, the models behind them, and what they speak."""
