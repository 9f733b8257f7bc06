"""LoopGenie: closed hiking loops of the length you ask for, on the real trail network."""
