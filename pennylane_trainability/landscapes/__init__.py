"""How a loss varies over the parameters: mathematics on arrays and on records of circuits."""
