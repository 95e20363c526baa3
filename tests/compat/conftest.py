"""The same application that the API's own tests use."""

from tests.unit.api.conftest import _quiet_log, api, serve_live

__all__ = ["_quiet_log", "api", "serve_live"]
