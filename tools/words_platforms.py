"""How a manager calls the operations of single platforms; see `tools.words`."""

from collections.abc import Mapping

PLATFORMS: Mapping[str, tuple[str, str]] = {
    "accept_instagram_collaboration": (
        "say yes to co-authoring a post",
        "accept collab, collab invite, collab request, approve collaboration, join a collab post, agree to a "
        "collaboration, yes to co-author, appear as co-author, us as co-author, agree to co-author, join as "
        "co-author, confirm the collab, take part in the collab",
    ),
    "decline_instagram_collaboration": (
        "say no to co-authoring a post",
        "decline collab, turn down collab, reject collab request, refuse collaboration, ignore collab invite, refuse "
        "co-author, do not want the collab, no to collaboration, to be co-author, not be co-author, say no to collab, "
        "reject co-author, pass on the collab",
    ),
    "list_instagram_collaborators": (
        "who was invited to co-author a post, and their answers",
        "collab partners, who accepted the collab, state of a collab, collab answers, co-authors, partners of a "
        "collab, is the collab accepted, invited partners, confirm being co-author, did they join, which partners, "
        "has the influencer accepted, pending collaborators, who co-authors",
    ),
    "get_instagram_participant": (
        "who someone in our Instagram DMs is",
        "profile of a sender, sender's followers, who is DMing, who writes to us, profile of a customer, info about a "
        "user who wrote, Instagram user in a DM, followers of the person, is he verified, wrote on Instagram, is she "
        "an influencer, follower count of the sender, does he follow us, who is that person, big account",
    ),
    "list_instagram_stories": (
        "the stories of the last 24 hours",
        "our stories, current story, active stories, live stories, today's stories, insta stories, what is in our "
        "story, story now, stories posted, anything in our story, stories live now, live right now, stories currently "
        "up, stories online, running stories, our story, stories of today, stories live, stories right now, which "
        "stories, see our stories, read our stories, story overview",
    ),
    "get_instagram_summary": (
        "Instagram followers and the month's totals",
        "insta follower count, how many followers, Instagram stats, profile views, growth, account insights, "
        "Instagram analytics, last 30 days, Instagram growth, new followers, Instagram audience, performance of our "
        "Instagram, Instagram overview, Instagram impressions, how is Instagram doing, gain followers, lost "
        "followers, followers gained, profile visits, Instagram figures, account growth, Instagram performance, how "
        "are we doing on Instagram, Instagram statistics, statistics of Instagram, Instagram performs, Instagram "
        "account performing",
    ),
    "list_facebook_login_pages": (
        "every page a Facebook login manages",
        "all FB pages, pages of a login, free pages, pages not used yet, which brand has which page, unassigned "
        "pages, pages to assign, which pages can I add, pages of my login, pages available, available from Meta, "
        "pages without a brand, no brand yet, pages of our Meta login, Facebook pages unused, what pages does the "
        "login have",
    ),
    "assign_facebook_page": (
        "give a Facebook page to a brand",
        "attach FB page, distribute pages, page for a brand, put a page under a client, allot a page, hand a page "
        "over, link a page to a brand, page belongs to, move a page to a brand, page into a brand, change brand of a "
        "page, belongs to client, page belongs to a brand, move the page, move the fan page, page to another client, "
        "reassign a page",
    ),
    "get_youtube_summary": (
        "YouTube subscribers, videos and views",
        "subscriber count, how many subscribers, channel stats, YT analytics, total views, channel growth, YouTube "
        "growth, YouTube stats, how is YouTube doing, channel overview, of our channel, people subscribe, YouTube "
        "performance, YouTube figures, growth of the channel, YouTube statistics, total watch, YouTube performs, "
        "channel performing, performance of our YouTube",
    ),
    "sync_youtube_account": (
        "fetch the newest YouTube videos now",
        "refresh channel, update uploads, fetch uploads, channel out of date, missing YouTube video, load new YouTube "
        "videos, upload not in the list, video not here yet, YouTube video missing, update YouTube, reload YouTube, "
        "get the new YouTube videos, YouTube not up to date",
    ),
    "update_youtube_video": (
        "change a video that is live on YouTube",
        "edit video title, change description, make video unlisted, make private, already on YouTube, rename video, "
        "new title, video description, YouTube tags, hide a YouTube video, make video public, edit YouTube video, "
        "another thumbnail, thumbnail, video tags, video title wrong, edit the description of the video, change "
        "visibility of a video, category of a video, unlist",
    ),
    "edit_youtube_comment": (
        "reword a comment we wrote on YouTube",
        "correct our comment, fix typo in our YouTube comment, change our own comment, edit reply, change what we "
        "commented on YouTube, change our reply on YouTube, our reply has a mistake, mistake in our YouTube reply, "
        "typo in our reply, reword our YouTube reply, our comment is wrong",
    ),
    "moderate_youtube_comment": (
        "approve, hold or reject a YouTube comment; ban its author",
        "held for review, comments waiting for approval, approve comments, ban a user, block a viewer, reject a "
        "comment, spammer, release a YouTube comment, pending YouTube comments, throw out a viewer, hold a comment "
        "back, keep him out, spammer on YouTube, block a user on YouTube, held comments, review queue of YouTube, ban "
        "from the channel, comments held, troll on YouTube",
    ),
    "get_tiktok_summary": (
        "TikTok followers, likes and videos",
        "TikTok follower count, how many followers, TikTok stats, TikTok analytics, growth, TikTok growth, TikTok "
        "audience, how is TikTok doing, TikTok likes, TikTok overview, us on TikTok, TikTok performance, TikTok "
        "figures, TikTok numbers, TikTok statistics, how many TikTok fans, TikTok performs, performance of our TikTok",
    ),
    "sync_tiktok_account": (
        "fetch the newest TikToks now",
        "refresh TikTok, new videos missing, update videos, TikTok out of date, new TikToks missing, load new TikTok "
        "videos, fetch TikTok videos, TikTok not here yet, TikTok missing, from this morning, update TikTok, reload "
        "TikTok, get new TikToks, TikTok not up to date",
    ),
    "list_pinterest_boards": (
        "the Pinterest boards",
        "our boards, which boards, boards to pin to, collections, folders for pins, Pinterest collections, board ids, "
        "pinboards, what boards exist, list boards, all boards, boards of the account",
    ),
    "create_pinterest_board": (
        "make a Pinterest board",
        "new board, start a board, add a board, add Pinterest board, new collection, make a board, open a board, make "
        "a pinboard, another board, set up a board, board for, board called, a pinboard for, pinboard for, new "
        "pinboard, create pinboard",
    ),
    "delete_pinterest_board": (
        "delete a board and its pins",
        "remove a board, get rid of a board, board not needed, erase a board, delete collection, board can go, drop a "
        "board, board is outdated, pinboard away",
    ),
    "update_pinterest_board": (
        "rename a board or change who sees it",
        "secret board, private board, public board, edit board, board description, hide a board, board name, rename "
        "board, change a board, board visible to all, only we see the board, board title, make a board public, new "
        "board name, change board cover, board private, secret pinboard, who sees the board, we should see, "
        "visibility of a board",
    ),
    "list_pinterest_pins": (
        "our newest pins",
        "latest pins, our pins, recent pins, newest pins, what is on Pinterest, pins we made, we been pinning, pinned "
        "lately, pins this week, show pins, which pins, pinned recently",
    ),
    "get_pinterest_summary": (
        "Pinterest followers and totals",
        "Pinterest stats, monthly views, Pinterest analytics, Pinterest overall, Pinterest growth, Pinterest "
        "followers, Pinterest views, Pinterest numbers, well on Pinterest, Pinterest performance, Pinterest figures, "
        "Pinterest audience, Pinterest statistics, Pinterest reach, Pinterest performs, performance of our Pinterest",
    ),
    "get_linkedin_insights": (
        "LinkedIn page followers and post numbers",
        "company page stats, LinkedIn analytics, LinkedIn followers, LinkedIn performance, page reach, impressions, "
        "LinkedIn growth, LinkedIn numbers, company page followers, LinkedIn audience, LinkedIn stats, company page "
        "grow, grow on LinkedIn, LinkedIn figures, LinkedIn engagement, LinkedIn reach, LinkedIn insights, "
        "performance on LinkedIn, how are we doing on LinkedIn, LinkedIn statistics, LinkedIn page performs, "
        "performance of our LinkedIn, company page statistics",
    ),
    "list_x_credentials": (
        "which X developer apps are in use",
        "Twitter app, Twitter API keys, own Twitter app, BYOK, developer app, client id, own X app, which X keys, "
        "Twitter credentials, configured Twitter apps, configured X apps, whose Twitter keys, stored Twitter keys, "
        "which developer account on X, do we use own X keys, X API keys, is an own app set, saved X keys",
    ),
    "set_x_credentials": (
        "use our own X developer app",
        "enter Twitter app keys, consumer key, BYOK, bring your own key, own developer app, store X keys, API key for "
        "X, add our X app, change the X secret, replace Twitter keys, configure the X app, configure developer app, "
        "key and secret, use our Twitter developer account, save X API keys, put in Twitter keys, our own X API, hand "
        "in X credentials, bring own Twitter app",
    ),
    "set_brand_x_credentials": (
        "use another X developer app for one brand",
        "Twitter app for a client, separate app, own app for one client, override credentials, BYOK for a brand, "
        "developer keys of a client, X keys for one brand, brand specific app, own Twitter developer keys of a brand, "
        "customer has own X keys, client wants own X app, brand wants its own X app, own X API keys of a client, "
        "client's developer account, separate X keys, dedicated X app, brings own keys, brings its own developer keys",
    ),
    "delete_x_credentials": (
        "stop using our own X developer app",
        "remove Twitter app, delete Twitter API keys, remove default app, remove our X app, drop API keys for X, go "
        "back to your X app, back to the shared X app, no own Twitter app, forget our consumer key, remove X API "
        "keys, clear our X credentials",
    ),
    "delete_brand_x_credentials": (
        "stop using a brand's own X developer app",
        "remove the client's Twitter app, drop the override, back to the default, remove the brand keys, client uses "
        "our app again, return to the common app, fall back to the default Twitter app, brand without own app, "
        "brand's own X app no longer, client's keys removed, client back on shared app, remove a client's X keys, no "
        "separate X app",
    ),
    "test_x_credentials": (
        "try X app keys without saving them",
        "verify API secret, keys that work, try the Twitter app keys, is the secret right, are the X keys valid, "
        "check Twitter credentials, typed in correct, do the X keys work, are Twitter credentials right, consumer key "
        "valid, try the consumer key, check the X secret",
    ),
    "request_whatsapp_code": (
        "have WhatsApp text or call with a verification code",
        "get a verification code, SMS code, call with code, send code, confirmation code, ask for a code, text the "
        "code, verification by phone call, by SMS, start verifying a number, send code again, call me with the code, "
        "number confirmation, new code, code did not arrive, verify by call, send me the pin, receive a code, by "
        "voice, voice call, send the code by call",
    ),
    "verify_whatsapp_code": (
        "hand in the WhatsApp code that came",
        "enter the code, confirm number, confirm with code, six digits, submit code, code received, here is the code, "
        "received a code, type in the code, code came by SMS, code from the text message, code from the call, digits, "
        "sent me digits, I have the code, my code is, code arrived, the code says, number code, it says six digits, "
        "typed the code",
    ),
    "register_whatsapp_number": (
        "put a WhatsApp number into service with a PIN",
        "activate number, set a pin, enable messaging, go live on WhatsApp, two-step, start messaging, set up number, "
        "start using the number, sign up number, make a number usable, usable on WhatsApp, switch on the number, "
        "activate WhatsApp, bring the number online, number with pin, start WhatsApp",
    ),
    "deregister_whatsapp_number": (
        "give up a WhatsApp number",
        "release a number, deactivate number, stop using number, unregister, remove phone number, move number away, "
        "free the number, take number out of service, port the number, to another provider, move the WhatsApp number, "
        "leave WhatsApp, switch provider, take the number off, drop our number, no WhatsApp any more",
    ),
    "get_whatsapp_number_status": (
        "whether a WhatsApp number is verified and in service",
        "is the number active, registered yet, number state, number ready, is WhatsApp set up, is WhatsApp working, "
        "check the number, is the number able to send, send by WhatsApp yet, number usable, we already send, send "
        "from our number, number approved, number confirmed, verified yet, quality of the number",
    ),
    "get_whatsapp_business_profile": (
        "the public WhatsApp profile",
        "WA profile, about text, our description, opening hours, address, contact details, company info on WhatsApp, "
        "what customers see on WhatsApp, website on WhatsApp, hours customers see, what do customers see, profile "
        "text on WhatsApp, show WA profile, business info",
    ),
    "update_whatsapp_business_profile": (
        "change the public WhatsApp profile",
        "edit WA profile, about line, business description, change address, change website, change email, opening "
        "hours, profile picture, contact details, new address, change info on WhatsApp, edit company info, update "
        "description, new email, our hours changed, set opening hours, moved to a new address, new profile photo, "
        "profile photo on WhatsApp, new logo on WhatsApp, new website, business hours, about text, change WhatsApp "
        "info, WhatsApp description, WhatsApp picture",
    ),
    "list_whatsapp_templates": (
        "the WhatsApp templates and their approval",
        "message templates, canned messages, WA templates, pending templates, our templates, all templates, template "
        "list, which templates do we have, approved templates, templates by state, templates waiting for approval, "
        "all WhatsApp templates, which templates, templates rejected, available templates, what templates, template "
        "overview, approval state",
    ),
    "create_whatsapp_template": (
        "submit a WhatsApp template for approval",
        "new message template, reminder template, write a template, get a template approved, make a template, new "
        "template, template for updates, add a template, draft a template, shipping template, need a template, "
        "template for delays, set up a template, order template, another template, propose a template, template for",
    ),
    "delete_whatsapp_template": (
        "delete a WhatsApp template",
        "remove an old template, drop promo template, template no longer needed, remove template, template is "
        "outdated, bin a template, get rid of a template, unused template, erase a template, delete the template, "
        "drop the template",
    ),
    "get_whatsapp_template": (
        "one WhatsApp template and its approval",
        "open a template, is the template approved, rejected template, reason for rejection, show a template, text of "
        "a template, read a template, what does the template say, template details, wording of a template, did Meta "
        "approve, why rejected, see the template, template state, status of a template, template text, template "
        "accepted, WhatsApp approved it, was a template accepted",
    ),
    "update_whatsapp_template": (
        "change an approved WhatsApp template",
        "edit template, wording of a template, change template text, resubmit a template, correct a template, change "
        "the button, fix a template, new text for a template, add a button, other wording, template has a typo, new "
        "wording, rewrite a template, improve a template, change the body, body of a template, edit the text of a "
        "template",
    ),
    "send_whatsapp_template": (
        "send an approved template to a phone number",
        "message after 24 hours, outside the window, first message to a customer, reminder to a phone number, start a "
        "WhatsApp chat, notify a customer, campaign message, first contact, start the conversation, window closed, 24 "
        "hours passed, send a reminder, first contact on WhatsApp, approach a new customer, wrote days ago, still "
        "reach him, customer silent for days, message window over, reach a customer, message first, write to a new "
        "number, broadcast, outreach, appointment reminder, more than a day ago, send to many customers, mass message",
    ),
    "validate_whatsapp_template": (
        "check a WhatsApp template before submitting it",
        "is the template fine, test template, template problems, template against the rules, is the template valid, "
        "template check, to the rules, will the template pass, approve my template likely, template acceptable, "
        "template mistakes, check wording of template",
    ),
}
