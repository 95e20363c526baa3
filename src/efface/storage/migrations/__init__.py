"""How the tables came to be, step by step; run by ``storage.catalogue.upgrade``, never by hand."""
