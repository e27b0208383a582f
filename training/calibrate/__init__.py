"""Make the logit's sigmoid mean what it says: a shift and a temperature from held-out lists, and the error before and after."""
