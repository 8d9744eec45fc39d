"""`python -m flawflow`: the command line of just this interpreter's flawflow."""

from flawflow.cli import main

main(prog_name="flawflow")
