"""Other people's readers of our exports, asked what they understood."""
