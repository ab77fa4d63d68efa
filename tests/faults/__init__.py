"""Real servers and stores in trouble, under load: what is promised holds, and every request is accounted for."""
