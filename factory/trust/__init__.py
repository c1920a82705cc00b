"""What a solve is worth: predicted errors, what speaks against it, and how far it may be used."""
