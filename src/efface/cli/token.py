"""``efface token``: an access token for scripts on the machine of the service."""

from pathlib import Path

import click

from efface.cli.output import command_errors, json_option, print_json, print_line
from efface.cli.service_options import data_option, told_settings

_PERMISSIONS = ["Reader", "Contributor", "MyAccessAdministrator", "Owner"]


@click.command(short_help="Print an access token for an account.")
@click.argument("name_or_id")
@click.option(
    "--permission", type=click.Choice(_PERMISSIONS, case_sensitive=False), default="Contributor", show_default=True,
    help="What its bearer may do.",
)  # fmt: skip
@click.option("--video", "video_id", metavar="ID", help="Open this video only.")
@data_option
@json_option
@command_errors
def token(name_or_id: str, permission: str, video_id: str | None, data: Path | None, as_json: bool) -> None:
    """Print an access token for the account with this name or id. It is good for an hour."""
    from efface.api.service import issue_token
    from efface.usecases.accounts import find_account
    from efface.wiring.adapters import opened_catalogue

    settings = told_settings(data=data)
    with opened_catalogue(settings) as catalogue:
        account = find_account(catalogue, name_or_id)
        if video_id:
            catalogue.video(account.account_id, video_id)  # refuses one that is not there
    text, expires = issue_token(settings, account, permission, video_id)
    if as_json:
        print_json({"accessToken": text, "expires": expires.isoformat(), "accountId": account.account_id})
    else:
        print_line(text)
