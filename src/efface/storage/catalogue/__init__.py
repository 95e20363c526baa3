"""The catalogue: records of accounts, videos, jobs, calls back and workers, in SQLite or PostgreSQL.

Takes and gives the records of ``domain.service``. Must hold: each call is one transaction; a job ends once, whoever
races; every read and write of a user's names the account.
"""

from efface.storage.catalogue.sql_catalogue import SqlCatalogue, SystemClock, open_catalogue
from efface.storage.catalogue.upgrade import upgrade_catalogue

__all__ = ["SqlCatalogue", "SystemClock", "open_catalogue", "upgrade_catalogue"]
