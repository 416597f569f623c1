"""From what prepare_post is given to the arguments of create_post, and what has to be mended before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from server import results
from server.calls import Call, Refused
from server.times import BadTime, scheduled, zone_named
from tools.accounts import LIST_ACCOUNTS
from tools.fields import PLATFORMS, PUBLISHING_PLATFORMS
from tools.prepared_posts import OwnTarget, PreparePost

_OF_THE_TARGET = frozenset({"text", "title", "visibility", "first_comment", "board_id", "page_id", "media"})
"""Options that create_post takes beside a platform's own."""
_THE_PLATFORMS_OWN = frozenset({("facebook", "title")})
"""Of those, what a platform has among its own options: the title of a single video."""


@dataclass(kw_only=True)
class PostRequest:
    """A post that is being prepared."""

    accounts: Mapping[str, Mapping[str, Any]]
    """Id → as list_accounts has it; all of the targets' are in it."""
    post: dict[str, Any]
    """Arguments of create_post."""
    when: datetime | None
    zone: ZoneInfo | None
    mend: list[str] = field(default_factory=list[str])
    """What is wrong with the post as a whole."""
    notes: list[str] = field(default_factory=list[str])
    problems: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Place → what has to be mended there."""
    warnings: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    unusable: set[str] = field(default_factory=set[str])
    """Places about which the API need not be asked."""

    @property
    def targets(self) -> list[dict[str, Any]]:
        """As create_post takes them."""
        targets: list[dict[str, Any]] = self.post["targets"]
        return targets

    def platform_of(self, target: Mapping[str, Any]) -> str:
        """The platform that a target is on."""
        return str(self.accounts[target["account_id"]].get("platform"))

    def may_be_checked(self, target: Mapping[str, Any]) -> bool:
        """Whether the API can say something about it."""
        return _place(target) not in self.unusable

    def findings(self, target: Mapping[str, Any]) -> dict[str, list[str]]:
        """Problems and warnings of one target, where there are any."""
        found = {"problems": self.problems.get(_place(target)), "warnings": self.warnings.get(_place(target))}
        return {name: lines for name, lines in found.items() if lines}

    def as_draft(self) -> dict[str, Any]:
        """Arguments of create_post that keep it as a draft."""
        return {name: value for name, value in self.post.items() if name not in {"publish_now", "scheduled_at"}}

    def problem(self, target: Mapping[str, Any], line: str, *, is_unusable: bool = False) -> None:
        """Note what has to be mended of a target."""
        _add(self.problems, _place(target), line)
        if is_unusable:
            self.unusable.add(_place(target))

    def judge(self, checks: Iterable[Mapping[str, Any]], limits: Mapping[str, Any]) -> None:
        """Take over what validate_post found, and what the platforms' limits say of scheduling."""
        for check in checks:
            for issue in check.get("errors") or []:
                self._take(issue, self.problems, self.mend)
            for issue in check.get("warnings") or []:
                self._take(issue, self.warnings, self.notes)
            if check.get("valid") is False and not check.get("errors"):
                self.mend.append("the API does not take this post, and does not say why; see validate_post")
        for target in self.targets if self.when is not None else []:
            scheduling = (limits.get(self.platform_of(target)) or {}).get("scheduling") or {}
            if scheduling.get("supported") is False:
                self.problem(target, "scheduled_at: this platform cannot be scheduled for; leave it out there")

    def _take(self, issue: Mapping[str, Any], by_place: dict[str, list[str]], otherwise: list[str]) -> None:
        """Put a finding with the targets that it is about."""
        line = results.relayed(f"{issue.get('field') or 'post'}: {issue.get('message') or 'not accepted'}")
        if issue.get("segment_index") is not None:
            line += f" (post {int(issue['segment_index']) + 2} of the thread)"
        meant = [target for target in self.targets if issue.get("target") in _names(target)]
        if not meant and not issue.get("target"):
            meant = [target for target in self.targets if self.platform_of(target) == issue.get("platform")]
        for target in meant:
            _add(by_place, _place(target), line)
        if not meant and line not in otherwise:
            otherwise.append(line)


async def requested(call: Call, args: PreparePost) -> PostRequest:
    """What is asked for, with instants for local times.

    Raises:
        Refused: an account does not exist, or a time or address cannot be used.
        Failed: the accounts cannot be read.
    """
    own = [OwnTarget(account=account) for account in args.accounts or []] + (args.targets or [])
    body = await call.read(LIST_ACCOUNTS, {})
    accounts = {str(row["id"]): row for row in body.get("data") or [] if isinstance(row, dict) and row.get("id")}
    unknown = [target.account for target in own if target.account not in accounts]
    if unknown:
        raise Refused(
            f"no account is called {', '.join(map(_line, unknown))}; nothing was prepared",
            "retry: only with other accounts",
            "next: take ids from list_accounts.",
        )
    zone, when = _time(call, args, [accounts[target.account] for target in own])
    post: dict[str, Any] = {"text": args.text} if args.text else {}
    if args.media:
        post["media"] = _media(args.media)
    post["targets"] = [_target(args, target, str(accounts[target.account].get("platform"))) for target in own]
    post |= {"publish_now": True} if when is None else {"scheduled_at": when.isoformat()}
    request = PostRequest(accounts=accounts, post=post, when=when, zone=zone, notes=_warned(args))
    _judge_targets(request)
    _judge_options(request, args.options or {})
    return request


def _time(
    call: Call, args: PreparePost, accounts: Iterable[Mapping[str, Any]]
) -> tuple[ZoneInfo | None, datetime | None]:
    """The zone to show times in, and when to publish: a zone that is named, that of the only brand, the caller's."""
    of_brands = {call.mode.brand_zones.get(str(account.get("brand_id"))) for account in accounts}
    try:
        zone = zone_named(args.time_zone) if args.time_zone else None
        if zone is None:
            zone = of_brands.pop() if len(of_brands) == 1 and None not in of_brands else call.mode.zone
        when = None if args.scheduled_at is None else scheduled(args.scheduled_at, zone, call.now)
    except BadTime as error:
        raise Refused(
            f"prepare_post was not called: {error}",
            "retry: only with another time",
            "next: correct scheduled_at or time_zone; nothing was prepared.",
        ) from None
    if when is not None and when <= call.now:
        raise Refused(
            f"prepare_post was not called: {when.isoformat()} is past",
            "retry: only with another time",
            "next: leave scheduled_at out to publish at once, or pass a later time; nothing was prepared.",
        )
    return zone, when


def _target(args: PreparePost, own: OwnTarget, platform: str) -> dict[str, Any]:
    """One target with everything that is its own: what is said nearest to it counts."""
    general: dict[str, Any] = {"title": args.title, "first_comment": args.first_comment}
    layers = (_options(args.options, platform), _options(args.options, own.account), own.options or {})
    merged = {name: value for layer in layers for name, value in layer.items()}
    named = own.model_dump(exclude_none=True, exclude={"account", "options"})
    of_the_target = {name for name in merged if name in _OF_THE_TARGET and (platform, name) not in _THE_PLATFORMS_OWN}
    said = general | {name: merged[name] for name in of_the_target} | named
    target = {"account_id": own.account} | {name: value for name, value in said.items() if value is not None}
    if isinstance(target.get("media"), list):
        target["media"] = _media(target["media"])
    if options := {name: value for name, value in merged.items() if name not in of_the_target}:
        target["platform_data"] = options
    return target


def _options(options: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    found = (options or {}).get(name)
    return found if isinstance(found, Mapping) else {}


def _media(sources: Iterable[Any]) -> list[dict[str, str]]:
    media: list[dict[str, str]] = []
    for source in map(str, sources):
        if "://" in source:
            _check_address(source)
            media.append({"source": source, "source_type": "url"})
        else:
            media.append({"source": source, "source_type": "media_id"})
    return media


def _check_address(source: str) -> None:
    try:
        parts = urlsplit(source)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        is_usable = False
    if not is_usable:
        raise Refused(
            f"prepare_post was not called: {_line(source)} is no public http or https address",
            "retry: only with another address",
            "next: put the file into the library with add_media and pass its id; nothing was prepared.",
        )


def _warned(args: PreparePost) -> list[str]:
    items = [*(args.media or []), *(item for target in args.targets or [] for item in target.media or [])]
    if any("://" in item for item in items):
        return ["note: an address is fetched when the post goes out; what lies there then is what people see"]
    return []


def _judge_targets(request: PostRequest) -> None:
    """What the API checks only when it publishes, and what it cannot be asked about."""
    seen: set[str] = set()
    for target in request.targets:
        account, platform = request.accounts[target["account_id"]], request.platform_of(target)
        if platform not in PUBLISHING_PLATFORMS:
            request.problem(target, f"{_line(platform)} takes no posts; leave it out", is_unusable=True)
        elif account.get("status") not in {None, "active"}:
            request.problem(target, "the account has to be connected again (connect_account)", is_unusable=True)
        if _place(target) in seen:
            request.problem(target, "this place is named twice; name it once")
        seen.add(_place(target))


def _judge_options(request: PostRequest, options: Mapping[str, Any]) -> None:
    """Options that would be lost: of nobody, or no object."""
    ids = {target["account_id"] for target in request.targets}
    platforms = {request.platform_of(target) for target in request.targets}
    for name, said in options.items():
        if not isinstance(said, Mapping):
            request.mend.append(f"options.{_line(name)}: has to be an object, as {{platform or account id: {{…}}}}")
        elif name not in ids | platforms:
            what = (
                "no target is on this platform"
                if name in PLATFORMS
                else "is neither a platform nor a target's account id"
            )
            request.mend.append(f"options.{_line(name)}: {what}")


def _names(target: Mapping[str, Any]) -> set[Any]:
    """What a finding may call a target."""
    return {target.get(name) for name in ("account_id", "page_id", "board_id")} - {None}


def _place(target: Mapping[str, Any]) -> str:
    return "/".join(str(target.get(name) or "") for name in ("account_id", "page_id", "board_id"))


def _add(found: dict[str, list[str]], place: str, line: str) -> None:
    lines = found.setdefault(place, [])
    if line not in lines:
        lines.append(line)


def _line(text: str) -> str:
    return results.plain(text)[:80]
