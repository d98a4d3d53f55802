namespace ilse::cpu {}
