"""What programs are made of: graphs, sessions, feeds and training loops, and what they become."""
