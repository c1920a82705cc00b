"""How fast the learned networks answer on a card."""
