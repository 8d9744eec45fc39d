"""Files and addresses: written whole or not at all, hashed, tried again, shown without secrets."""
