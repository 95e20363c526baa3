"""The API's application with the pages beside it."""

from fastapi import FastAPI

from efface.api.service import create_service
from efface.settings import Settings
from efface.usecases.services import Services
from efface.web.context import WebContext
from efface.web.routes import ROUTERS
from efface.web.sign_in_codes import SignInCodes


def create_site(services: Services, settings: Settings) -> FastAPI:
    """The application that ``efface serve`` and ``efface api`` run.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    app = create_service(services, settings, more_routers=ROUTERS)
    app.state.web = WebContext(
        sign_in_codes=SignInCodes(settings.sign_in_folder, services.clock),
        session_lifetime_s=settings.session_lifetime_s,
    )
    return app
