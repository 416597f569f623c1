"""What people ask for and no operation of the API does: said by the search, so that nobody tries what is only near."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

_NETWORKS = "google facebook instagram tiktok youtube twitter linkedin pinterest threads telegram"
_CHANGES = "change update set edit correct fix new replace put adjust swap add make upload"


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is asked for and not to be had. Words are as they are said, or the search's words for them."""

    all_of: Sequence[str]
    """Of each of these, words between spaces, a request has one."""
    none_of: str
    """With one of these it asks for something else."""
    text: str

    def fits(self, terms: Collection[str]) -> bool:
        """Whether a request with these terms asks for it."""
        said = set(terms)
        return all(said & set(words.split()) for words in self.all_of) and not said & set(self.none_of.split())


_PROFILES = "No operation changes the name, picture or text of a profile on a network; only WhatsApp's can be changed."

GAPS: Sequence[Gap] = (
    Gap(
        ("hour hours opening closed holiday", "google facebook instagram", _CHANGES + " schedule"),
        "post story whatsapp reply message comment limit about",
        "No operation changes opening hours on Google, Facebook or Instagram; a post can announce them.",
    ),
    Gap(
        ("address phone website category listing", "google", _CHANGES),
        "post story whatsapp reply message comment webhook connect redirect email",
        "No operation changes a Google listing: that is done in the Google Business Profile.",
    ),
    Gap(
        ("bio biography avatar username banner", _CHANGES),
        "whatsapp post story video mention announcement notice media library template asset assets",
        _PROFILES,
    ),
    Gap(
        ("picture photo logo description name", "profile", _NETWORKS, _CHANGES),
        "whatsapp post story video brand",
        _PROFILES,
    ),
    Gap(
        ("email password login", "my", "change set edit reset new forgot"),
        f"whatsapp webhook brand template invoice bill billing receipt key token {_NETWORKS}",
        "No operation changes the user's own email or password: that is done on the website of the service.",
    ),
    Gap(("unfollow",), "", "No operation follows or unfollows anybody."),
    Gap(
        ("boost ad ads advert advertisement sponsor", "boost run start buy budget pay promote sponsor make create"),
        "delete hide comment message spam mention template",
        "No operation runs or pays for advertising.",
    ),
    Gap(
        ("review rating", "delete remove erase report hide dispute"),
        "comment webhook export post bug reply draft",
        "No operation deletes, hides or reports a review; it can be answered with reply_to_review.",
    ),
    Gap(
        ("retweet repost reshare regram",),
        "fail failed retry",
        "No operation shares another's post; create_post makes one of our own.",
    ),
    Gap(
        ("unsend recall", "message dm dms messages"),
        "template webhook",
        "No operation deletes or edits a message that was sent.",
    ),
    Gap(
        ("delete edit", "message dm dms messages"),
        "comment template webhook post key conversation draft notification event number account",
        "No operation deletes or edits a message that was sent.",
    ),
    Gap(
        ("schedule", "message dm dms"),
        "post draft template reel story reminder show list planned what which read unread new reply answer archive",
        "No operation schedules a message; send_message sends it at once.",
    ),
    Gap(("livestream livestreaming",), "", "No operation starts a live broadcast."),
    Gap(
        ("demographic demographics gender",),
        "",
        "No operation tells age, gender or places of an audience.",
    ),
    Gap(
        (
            "competitor competitors rival rivals",
            "follower followers post posts numbers stats performance perform doing compare",
        ),
        "comment hide delete",
        "No operation reads accounts that are not connected.",
    ),
    Gap(
        ("colleague teammate coworker team member", "invite add remove role rights user users"),
        "client key token post comment message review",
        "No operation adds users; a key (create_key) or a link (create_invite) gives access.",
    ),
)
