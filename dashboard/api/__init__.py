"""What the doors over HTTP answer out of the store, once `views` has let somebody in: begin with `answers`."""
