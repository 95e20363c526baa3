"""``python -m efface`` is the program ``efface``."""

from efface.cli.main import main

main()
