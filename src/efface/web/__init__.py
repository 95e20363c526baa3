"""The web application: pages for people, over the same API that every other client uses.

Takes the API's application, gives it with pages beside it. Must hold: a page does nothing that the public API and its
documented extensions cannot do, nothing comes from another host, no script or style stands in a page, and a session's
cookie opens nothing but the pages and the account's own access token.
"""

from efface.web.app import create_site

__all__ = ["create_site"]
