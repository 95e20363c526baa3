"""``efface serve`` and ``efface api``: the service, with a worker of its own or without."""

import ipaddress
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from efface.cli.output import command_errors, note, print_line
from efface.cli.service_options import data_option, told_settings

if TYPE_CHECKING:
    from efface.domain.service import Account
    from efface.settings import Settings

host_option = click.option("--host", help="Address to listen on.  [default: 127.0.0.1: this machine only]")
port_option = click.option(
    "--port", type=click.IntRange(0, 65535), help="TCP port, 0 for a free one.  [default: 8080]"
)
json_line_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one line of JSON when requests are answered."
)


class ServeOptions(TypedDict):
    """What click hands over; the help of each option says what it is."""

    host: str | None
    port: int | None
    data: Path | None
    as_json: bool


@click.command(short_help="Run the service: API and worker.")
@host_option
@port_option
@data_option
@json_line_option
@command_errors
def serve(**options: Unpack[ServeOptions]) -> None:
    """Run the service on this machine: an API that speaks like Azure AI Video Indexer, and a worker.

    The first start makes the data folder, an account and a subscription key, and prints them once. Ctrl-C or SIGTERM
    ends the API and the worker in good order; what was under way goes on at the next start.
    """
    _serve(options, with_worker=True)


@click.command(short_help="Run the API alone, for several machines.")
@host_option
@port_option
@data_option
@json_line_option
@command_errors
def api(**options: Unpack[ServeOptions]) -> None:
    """Run the API without a worker: start as many `efface api` and `efface worker` as you like over one database
    and one object store (EFFACE_DATABASE_URL, EFFACE_OBJECT_STORE_URL), with one EFFACE_KEYS_FILE for all APIs.
    """
    _serve(options, with_worker=False)


def _serve(options: ServeOptions, *, with_worker: bool) -> None:
    from efface.api.server import address_of, bind, run_server
    from efface.web import create_site
    from efface.wiring.adapters import opened_services
    from efface.wiring.log import configure_log
    from efface.wiring.worker import worker_supervisor

    settings = told_settings(host=options["host"], port=options["port"], data=options["data"])
    configure_log(settings.log_format)
    with ExitStack() as stack:
        services = stack.enter_context(opened_services(settings))
        listener = stack.enter_context(bind(settings.host, settings.port))
        url = settings.public_url or address_of(listener)
        account, key = _first_account(settings)
        app = create_site(services, settings)
        supervisor = worker_supervisor() if with_worker else None
        if supervisor:
            supervisor.start()
            stack.callback(supervisor.stop)
        link = _sign_in_link(settings, url, account)
        run_server(app, listener, lambda: _announce(url, account, key, link, as_json=options["as_json"]))


def _first_account(settings: "Settings") -> "tuple[Account, str | None]":
    """The oldest account; made, with its key, where there is none.

    Raises:
        ConfigurationError: everybody could reach the service before anybody has a key.
    """
    from efface.domain.errors import ConfigurationError
    from efface.usecases.accounts import create_account
    from efface.wiring.adapters import SystemClock, opened_catalogue

    with opened_catalogue(settings) as catalogue:
        accounts = catalogue.list_accounts()
        if accounts:
            return accounts[0], None
        if not _is_loopback(settings.host):
            raise ConfigurationError(
                f"{settings.host} can be reached from other machines, and no account has a key yet: "
                "make one first with `efface account create NAME`, and give its key to those who may use the service"
            )
        return create_account(catalogue, SystemClock(), "default", location=settings.location)


def _sign_in_link(settings: "Settings", url: str, account: "Account") -> str | None:
    """A link that signs in once; None where others may read what this process prints, or reach it."""
    from efface.web.sign_in_codes import SignInCodes
    from efface.wiring.adapters import SystemClock

    if not _is_loopback(settings.host):
        return None
    return f"{url}/web/sign-in?code={SignInCodes(settings.sign_in_folder, SystemClock()).make(account.account_id)}"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _announce(url: str, account: "Account", key: str | None, link: str | None, *, as_json: bool) -> None:
    if as_json:
        line = {
            "url": url,
            "location": account.location,
            "accountId": account.account_id,
            "subscriptionKey": key,
            "signInUrl": link,
        }
        print(json.dumps(line), flush=True)
        return
    print_line(f"efface serves at {url}")
    if link is not None:
        print_line("")
        print_line("Open this in a browser; it signs in once, within the hour:")
        print_line(f"  {link}")
        print_line("")
    print_line(f"  location          {account.location}")
    print_line(f"  account           {account.account_id}")
    if key is None:
        print_line("  subscription key  shown when it was made; `efface account rotate-key` gives a new one")
    else:
        print_line(f"  subscription key  {key}")
        print_line("")
        print_line("Shown this one time. An access token, good for an hour:")
        path = f"Auth/{account.location}/Accounts/{account.account_id}/AccessToken?allowEdit=true"
        print_line(f'  curl -H "Ocp-Apim-Subscription-Key: {key}" "{url}/{path}"')
    note("Ctrl-C ends it.")
    sys.stdout.flush()
