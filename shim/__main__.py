"""`python -m onevar` is the command `onevar`."""

from onevar.cli import main

if __name__ == "__main__":
    main()
