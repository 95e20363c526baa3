"""``efface account``: make accounts, list them, give them new keys."""

from pathlib import Path

import click

from efface.cli.output import command_errors, json_option, print_json, print_line
from efface.cli.service_options import data_option, told_settings


@click.group(short_help="Make and list accounts, give them new keys.")
def account() -> None:
    """Make and list accounts of the service, and give them new subscription keys.

    Nothing of one account shows in another.
    """


@account.command(short_help="Make an account.")
@click.argument("name")
@click.option(
    "--location", default="local", show_default=True, help="What clients put where Azure has its region."
)
@data_option
@json_option
@command_errors
def create(name: str, location: str, data: Path | None, as_json: bool) -> None:
    """Make an account called NAME and print its subscription key, which is shown this one time."""
    from efface.usecases.accounts import create_account
    from efface.wiring.adapters import SystemClock, opened_catalogue

    with opened_catalogue(told_settings(data=data)) as catalogue:
        made, key = create_account(catalogue, SystemClock(), name, location=location)
    document = {
        "name": made.name,
        "accountId": made.account_id,
        "location": made.location,
        "subscriptionKey": key,
    }
    _print(document, as_json)


@account.command(name="list", short_help="List all accounts.")
@data_option
@json_option
@command_errors
def list_(data: Path | None, as_json: bool) -> None:
    """List all accounts, oldest first."""
    from efface.wiring.adapters import opened_catalogue

    with opened_catalogue(told_settings(data=data)) as catalogue:
        accounts = [
            {
                "name": found.name,
                "accountId": found.account_id,
                "location": found.location,
                "created": found.created.isoformat(),
                "numVideos": catalogue.num_videos(found.account_id),
            }
            for found in catalogue.list_accounts()
        ]
    if as_json:
        print_json({"accounts": accounts})
        return
    for row in accounts:
        print_line(f"{row['accountId']}  {row['location']}  {row['name']}  {row['numVideos']} videos")


@account.command(name="rotate-key", short_help="Give an account a new key.")
@click.argument("name_or_id")
@data_option
@json_option
@command_errors
def rotate_key(name_or_id: str, data: Path | None, as_json: bool) -> None:
    """Give the account with this name or id a new subscription key; the old one opens nothing from now on.

    Access tokens that were given out live on until they expire, an hour at most.
    """
    from efface.usecases import accounts
    from efface.wiring.adapters import opened_catalogue

    with opened_catalogue(told_settings(data=data)) as catalogue:
        found = accounts.find_account(catalogue, name_or_id)
        key = accounts.rotate_key(catalogue, found.account_id)
    _print({"name": found.name, "accountId": found.account_id, "subscriptionKey": key}, as_json)


@account.command(short_help="Print a link that signs in to the web page once.")
@click.argument("name_or_id", required=False)
@click.option("--url", help="How the browser reaches the service.  [default: this machine]")
@data_option
@json_option
@command_errors
def link(name_or_id: str | None, url: str | None, data: Path | None, as_json: bool) -> None:
    """Print a link that signs in to the web page once, within the hour: to the account with this name or id, or to
    the first one. Works with an API that runs on this machine, over the same data folder.
    """
    from efface.usecases import accounts
    from efface.web.sign_in_codes import SignInCodes
    from efface.wiring.adapters import SystemClock, opened_catalogue

    settings = told_settings(data=data)
    with opened_catalogue(settings) as catalogue:
        found = (
            accounts.find_account(catalogue, name_or_id) if name_or_id else accounts.first_account(catalogue)
        )
    base = (url or settings.public_url or f"http://127.0.0.1:{settings.port}").rstrip("/")
    code = SignInCodes(settings.sign_in_folder, SystemClock()).make(found.account_id)
    address = f"{base}/web/sign-in?code={code}"
    if as_json:
        print_json({"name": found.name, "accountId": found.account_id, "signInUrl": address})
    else:
        print_line(address)


def _print(document: dict[str, str], as_json: bool) -> None:
    if as_json:
        print_json(document)
        return
    for name, value in document.items():
        print_line(f"{name:<16} {value}")
