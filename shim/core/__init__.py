"""What the faces share and no framework has a say in."""
