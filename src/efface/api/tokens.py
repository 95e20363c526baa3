"""Access tokens: JWTs that say who may do what in which account or video, for how long."""

import threading
import uuid
from collections import OrderedDict
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
_NUM_REMEMBERED = 1000


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


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature is good."""

    key_id: str
    secret: bytes
    """That it was signed with."""
    claims: TokenClaims
    begins: float
    """Seconds since the epoch."""
    ends: float


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
        # Reading a token anew takes 0.3 ms, a third of a request that asks about a job.
        self._remembered: OrderedDict[tuple[str, bool], _Verified] = OrderedDict()
        self._lock = threading.Lock()

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
        found = self._verified(token, is_management)
        now = self._clock.now().timestamp()
        if now >= found.ends + _LEEWAY_S:
            raise TokenExpiredError("the token has expired")
        if now < found.begins - _LEEWAY_S:
            raise TokenInvalidError("the token is not valid yet")
        return found.claims

    def _verified(self, token: str, is_management: bool) -> _Verified:
        """A token whose signature was checked, now or before; its key is looked up each time, its time is not."""
        asked = (token, is_management)
        with self._lock:
            known = self._remembered.get(asked)
        if known is not None and self._keyring.secret_of(known.key_id, _PURPOSE) == known.secret:
            return known
        found = self._verify(token, is_management)
        with self._lock:
            self._remembered[asked] = found
            self._remembered.move_to_end(asked)
            while len(self._remembered) > _NUM_REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    def _verify(self, token: str, is_management: bool) -> _Verified:
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid"))
            secret = self._keyring.secret_of(key_id, _PURPOSE)
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
            begins, ends = float(payload["nbf"]), float(payload["exp"])
            return _Verified(key_id, secret, _claims_of(payload), begins, ends)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise TokenInvalidError("the token is malformed or its signature is wrong") from error


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
