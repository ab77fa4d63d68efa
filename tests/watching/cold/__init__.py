"""A shop that mixes people up in four places, none of which a request has gone through before."""
