"""Access tokens: JWTs that say who may do what in which account or video, for how long."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from typing import Any

import jwt

from efface.api.keyring import Keyring
from efface.ports import Clock

_ISSUER = "efface"
_ALGORITHM = "HS256"
_VERSION = "2.0.0.0"
_LEEWAY_S = 5.0
"""Clocks of the machines of one service may differ by so much."""
_PURPOSE = "access-token"


class Permission(IntEnum):
    """What the bearer may do; each includes those before it."""

    READER = 10
    CONTRIBUTOR = 20
    ACCESS_ADMINISTRATOR = 30
    OWNER = 40

    @property
    def wire_name(self) -> str:
        """Azure's word."""
        return _WIRE_NAMES[self]

    @classmethod
    def parse(cls, word: str) -> "Permission | None":
        """The permission of Azure's word in any case, None for any other."""
        return _BY_WIRE_NAME.get(word.strip().lower())


_WIRE_NAMES = {
    Permission.READER: "Reader",
    Permission.CONTRIBUTOR: "Contributor",
    Permission.ACCESS_ADMINISTRATOR: "MyAccessAdministrator",
    Permission.OWNER: "Owner",
}
_BY_WIRE_NAME = {name.lower(): permission for permission, name in _WIRE_NAMES.items()} | {
    "accessadministrator": Permission.ACCESS_ADMINISTRATOR
}


class Scope(Enum):
    """What a token opens."""

    ACCOUNT = "Account"
    VIDEO = "Video"
    USER = "User"
    """The list of accounts that a subscription key opens, and nothing in them."""
    MANAGEMENT = "Management"
    """The calls of Azure's resource manager."""


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a token says."""

    scope: Scope
    permission: Permission
    account_id: str | None = None
    """None with scope User and Management."""
    video_id: str | None = None
    """With scope Video only."""
    account_ids: tuple[str, ...] = ()
    """With scope User only."""


class TokenExpiredError(Exception):
    """The token was good once."""


class TokenInvalidError(Exception):
    """Not a token that this service has signed, or not for this use."""


class Tokens:
    """Signs and reads tokens with the keys of a keyring."""

    def __init__(self, keyring: Keyring, clock: Clock, lifetime_s: int) -> None:
        self._keyring = keyring
        self._clock = clock
        self._lifetime_s = lifetime_s

    def issue(self, claims: TokenClaims) -> tuple[str, datetime]:
        """A signed token and when it ends."""
        now = int(self._clock.now().timestamp())
        ends = now + self._lifetime_s
        payload: dict[str, Any] = {
            "iss": _ISSUER,
            "aud": _audience(claims.scope),
            "iat": now,
            "nbf": now,
            "exp": ends,
            "jti": str(uuid.uuid4()),
            "Version": _VERSION,
            "permission": claims.permission.wire_name,
            "scope": claims.scope.value,
        }
        optional = {
            "accountId": claims.account_id,
            "videoId": claims.video_id,
            "accountIds": list(claims.account_ids) or None,
        }
        payload.update({name: value for name, value in optional.items() if value is not None})
        key = self._keyring.signing_key(_PURPOSE)
        token = jwt.encode(payload, key.secret, algorithm=_ALGORITHM, headers={"kid": key.key_id})
        return token, datetime.fromtimestamp(ends, self._clock.now().tzinfo)

    def read(self, token: str, *, is_management: bool = False) -> TokenClaims:
        """What a token says.

        Args:
            token: as a client sent it.
            is_management: whether a token for the resource manager is wanted, or one for accounts and videos.

        Raises:
            TokenExpiredError: its time is over.
            TokenInvalidError: this service has not signed it, or not for this use.
        """
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            secret = self._keyring.secret_of(str(key_id), _PURPOSE)
            if secret is None:
                raise TokenInvalidError("the token was signed with an unknown key")
            payload = jwt.decode(
                token,
                secret,
                algorithms=[_ALGORITHM],
                audience=_audience(Scope.MANAGEMENT if is_management else Scope.ACCOUNT),
                issuer=_ISSUER,
                # Times are compared below, by the clock of the service.
                options={
                    "require": ["exp", "nbf", "iat", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
            ends, begins = float(payload["exp"]), float(payload["nbf"])
            claims = _claims_of(payload)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise TokenInvalidError("the token is malformed or its signature is wrong") from error
        now = self._clock.now().timestamp()
        if now >= ends + _LEEWAY_S:
            raise TokenExpiredError("the token has expired")
        if now < begins - _LEEWAY_S:
            raise TokenInvalidError("the token is not valid yet")
        return claims


def _audience(scope: Scope) -> str:
    return "efface:management" if scope is Scope.MANAGEMENT else "efface:account"


def _claims_of(payload: dict[str, Any]) -> TokenClaims:
    permission = Permission.parse(payload["permission"])
    if permission is None:
        raise ValueError("unknown permission")
    return TokenClaims(
        Scope(payload["scope"]),
        permission,
        payload.get("accountId"),
        payload.get("videoId"),
        tuple(payload.get("accountIds", ())),
    )
