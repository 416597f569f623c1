"""How a manager calls every operation: one line each, and further words for the search.

The line is shown by `find_operations`; the further words, phrases between commas, are only searched. What is said in
other languages, and for single words, is in `tools.words_languages`.
"""

from collections.abc import Mapping

from tools.words_inbox import INBOX
from tools.words_publishing import PUBLISHING

_REST: Mapping[str, tuple[str, str]] = {
    "list_accounts": (
        "the connected social profiles",
        "our profiles, channels, which networks, linked accounts, connected accounts, still connected, hooked up, "
        "handles, needs reconnecting, which profiles, profiles of a brand, which channels are hooked up, socials, "
        "all networks we use, platforms, where are we present, account overview, account ids, expired account, which "
        "accounts need logging in again, which socials, networks in use, where do we have a presence, still logged "
        "in, sign-ins valid, logged in everywhere",
    ),
    "connect_account": (
        "link a social profile",
        "add an account, add a profile, hook up, log in to, link our page, reconnect, login expired, access expired, "
        "Telegram bot, GMB, Google Business, sign in with, add Instagram, add TikTok, add LinkedIn, connect "
        "Instagram, connect Facebook, connect YouTube, connect Pinterest, new channel, new network, bring in a page, "
        "authorise, set up a profile, plug in, add X, add WhatsApp, add Pinterest, add Threads, add Telegram, add "
        "YouTube, add Facebook, renew access to an account, another account, second Instagram, put an account in, "
        "further profile",
    ),
    "disconnect_account": (
        "unlink a social profile",
        "remove an account, remove a profile, disconnect a profile, log out, unlink a channel, drop a profile, "
        "remove Instagram, disconnect Twitter, unlink LinkedIn, remove old profile, remove a network, stop using an "
        "account, cut the connection, revoke access of the app, remove TikTok, remove YouTube, remove Facebook, "
        "remove Threads, remove Pinterest, network not run any longer, give up a channel, leave a network",
    ),
    "get_creator_info": (
        "what a TikTok account may set on a post",
        "stitch, privacy settings, TikTok options, creator settings, longest video, comments off, duet, allowed on "
        "TikTok, may viewers comment, TikTok privacy, permitted interactions, audience choice",
    ),
    "list_account_pages": (
        "the Facebook pages of an account",
        "FB pages, fan pages, which pages, pages under this account, default page, Facebook pages attached, our fan "
        "pages",
    ),
    "update_account_page": (
        "make a Facebook page the default, or switch it on or off",
        "main page, default page, fan page, activate a page, deactivate a page, turn off a page, disable a page, "
        "switch off a page, switch on a page, page inactive, page active, pick another default, switch pages, mute a "
        "page, no longer use a page",
    ),
    "get_account_limits": (
        "how much an account may still post today",
        "daily limit, daily cap, posts left today, posting limit, rate limit, quota of an account, close to the "
        "limit, publishing quota, remaining posts for an account, can we still post today, allowance of the "
        "platform, how many posts are still possible, posts remaining today, Instagram publishing limit",
    ),
    "get_pending_connection": (
        "the pages or places to choose from in an unfinished connection",
        "options, not finished connecting, half connected, choices, listings, what can I choose, options while "
        "connecting, never picked, which locations, places found, which pages can I choose, several locations, "
        "unfinished sign-in, connection waiting",
    ),
    "select_pending_connection": (
        "choose the page or place and finish connecting",
        "pick a location, pick the pages, complete the connection, finish connecting, choose a shop, this page "
        "please, decide for a location, confirm the selection",
    ),
    "exchange_oauth_code": (
        "finish a connection with the code it came back with",
        "authorization code, OAuth callback, code parameter, WhatsApp embedded sign-up, got a code, code in the "
        "return address, OAuth code, swap the code, complete the OAuth sign-in",
    ),
    "list_brands": (
        "the brands, with their number of accounts",
        "clients, customers, workspaces, which clients, businesses, companies, customers we manage, portfolio, "
        "profiles per client, brand ids, overview of companies, firms",
    ),
    "create_brand": (
        "set up a brand",
        "new client, add a client, new workspace, new company, onboard a brand, create a client, new brand, new "
        "customer, start a brand, set up a workspace, take on a client",
    ),
    "update_brand": (
        "rename a brand",
        "change the name of a client, rebranded, new name, correct a brand name, rename client, rename workspace, "
        "brand called differently",
    ),
    "delete_brand": (
        "delete a brand with all its accounts",
        "remove a client, close a workspace, offboard, customer gone, erase a workspace, no longer our client, "
        "client we lost, client and everything in it",
    ),
    "list_invites": (
        "the invite links of a brand and their state",
        "open invites, pending invites, was the link used, expired links, invitations sent, was the client invite "
        "used, link we sent, has the client connected, which links are out, invitations, has anyone accepted, "
        "connect links, were the links used, who used an invite",
    ),
    "create_invite": (
        "make a link by which a client connects an account",
        "invite a client, invite link, onboarding link, send a link, without sharing a password, let the customer "
        "connect, link for a customer, connect link, share a link for connecting, ask the client to connect, let "
        "somebody outside connect, invitation to connect",
    ),
    "revoke_invite": (
        "make an open invite link worthless",
        "cancel an invite, cancel a link, delete invitation, withdraw invitation, invite sent by mistake, invalidate "
        "a link, kill invite link, take back an invitation",
    ),
    "redeem_invite": (
        "open an invite link somebody gave us",
        "use an invite, accept invitation, invite code, got an invite, follow an invite, invitation received, "
        "redeem, what is behind an invitation, invitation address",
    ),
    "list_events": (
        "the activity log",
        "what happened, history, audit, errors, failures today, activity yesterday, timeline, logs, went wrong, "
        "everything that failed, error log, yesterday, today, what has been going on, recent activity, last days, "
        "what failed, problems lately, activity feed, actions",
    ),
    "get_event_summary": (
        "how much happened, counted by kind",
        "activity summary, count events, how many events, last 24 hours at a glance, digest, totals of activity, how "
        "busy, activity today in numbers, overview of activity, how many failures",
    ),
    "get_usage": (
        "what the plan has left this month",
        "credits left, credits used, quota, remaining credits, usage this month, billing period, plan limits, "
        "allowance, consumed, how many credits, credit balance, interactions left, consumption, am I near my limit, "
        "used up, brands left, quota used, used this period, share of the quota",
    ),
    "list_keys": (
        "the API keys",
        "API tokens, access tokens, which keys exist, access keys, who has a key, all tokens, credentials issued, "
        "key list",
    ),
    "create_key": (
        "make an API key",
        "new API token, generate token, access key, read-only key, personal access token, give somebody a key, "
        "access for a developer, issue a token, API access, new key, key for an app, access for an agency, key "
        "limited to a brand, give access key, token for a script, key for a tool, key for reporting",
    ),
    "revoke_key": (
        "kill an API key",
        "delete a token, remove a key, leaked key, stolen token, disable a key, key got out, invalidate token, block "
        "a token, withdraw access, delete key, key no longer needed",
    ),
    "list_key_scopes": (
        "what an API key can be allowed to do",
        "permissions, scopes, rights of a token, which permissions exist, access levels, what can a token do, "
        "possible permissions, meaning of scopes",
    ),
    "update_key": (
        "change the name, permissions or brands of an API key",
        "rename a key, rename token, edit a key, limit a token, add permission, narrow a key, let the key also do "
        "more, extend a key, more rights for a key, fewer rights, key may read, change scopes, restrict a key to a "
        "brand",
    ),
    "rotate_key": (
        "give an API key a new secret",
        "renew a token, fresh secret, regenerate key, refresh token, roll a key, compromised key, replace the "
        "secret, regenerate the secret, new secret for a key, change the secret, exchange a key, reset a token",
    ),
    "list_webhooks": (
        "the webhook endpoints",
        "callbacks, hooks, which webhooks are set up, registered endpoints, which endpoints, our callbacks, "
        "integrations, to which addresses are notifications sent, notification targets, destination of "
        "notifications, where notifications go",
    ),
    "create_webhook": (
        "have your server told of events",
        "notify my server, push notifications to an endpoint, subscribe to events, register endpoint, tell my system "
        "when, ping us when, alert on new comments, Zapier, Slack, inform our system, whenever something arrives, "
        "real-time notifications, push events, set up a callback, integrate, callback for new messages, callback "
        "address for events, callback for comments, call a backend, backend informed, when somebody writes, when "
        "something happens",
    ),
    "get_webhook": (
        "one webhook and how its deliveries go",
        "webhook health, delivery counts, success rate, endpoint statistics, error rate, endpoint state, reliability "
        "of an endpoint, uptime of an endpoint, failures of a webhook, failure count",
    ),
    "update_webhook": (
        "change or pause a webhook",
        "pause a hook, switch off webhook, disable callback, resume, different address, new URL, point to, more "
        "events, add an event, change the endpoint, edit a callback, resume a webhook, other events, deactivate an "
        "endpoint, subscribe an endpoint to further events, tell the endpoint more, extend a webhook",
    ),
    "delete_webhook": (
        "remove a webhook",
        "stop notifications, remove callback, unsubscribe, drop an endpoint, delete an endpoint, no more "
        "notifications, remove integration, unsubscribe a server, no events any more",
    ),
    "test_webhook": (
        "send a made-up event to a webhook",
        "sample event, try the endpoint, dummy notification, ping the hook, fire a test, sample payload, check that "
        "the webhook works, simulate an event, try the webhook",
    ),
    "list_webhook_deliveries": (
        "what was sent to a webhook",
        "delivery history, failed deliveries, delivery log, webhook calls, calls made, when was the webhook called, "
        "notification history, failed notifications, attempts, has the webhook been called, did it fire, hook fired "
        "today",
    ),
    "get_webhook_delivery": (
        "one webhook delivery: the body and every attempt",
        "payload of a delivery, response of the endpoint, delivery details, attempts, one delivery, why did a "
        "delivery fail, server response, body of a notification, one webhook call",
    ),
    "retry_webhook_delivery": (
        "send a failed webhook delivery again",
        "resend notification, redeliver, replay a delivery, retry a callback, deliver again, send the notification "
        "again, missed notification, after a server outage, deliver a second time",
    ),
    "list_webhook_events": (
        "the events a webhook can be told of",
        "event types, event catalogue, what can I subscribe to, available notifications, which events exist, list of "
        "event types, kinds of events, which notifications exist, supported events",
    ),
    "list_redirect_uris": (
        "the addresses a sign-in may return to",
        "callback addresses, return URLs, allowlist, whitelist, allowed redirects, redirect URLs, allowed return "
        "addresses, OAuth redirects, permitted callbacks",
    ),
    "create_redirect_uri": (
        "allow an address to return to",
        "whitelist a return URL, add callback address, allowlist, permit a redirect, add to allowed redirects, new "
        "redirect URL, register return address, OAuth redirect",
    ),
    "delete_redirect_uri": (
        "no longer allow a return address",
        "remove a return URL, take off the allowlist, remove from whitelist, remove callback address, remove "
        "redirect URL, delete return address, forbid a redirect",
    ),
    "list_x_credentials": (
        "which X developer apps are in use",
        "Twitter app, Twitter API keys, own Twitter app, BYOK, developer app, client id, own X app, which X keys, "
        "Twitter credentials, configured Twitter apps, configured X apps",
    ),
    "set_x_credentials": (
        "use our own X developer app",
        "enter Twitter app keys, consumer key, BYOK, bring your own key, own developer app, store X keys, API key "
        "for X, add our X app, change the X secret, replace Twitter keys, configure the X app, configure developer "
        "app",
    ),
    "set_brand_x_credentials": (
        "use another X developer app for one brand",
        "Twitter app for a client, separate app, own app for one client, override credentials, BYOK for a brand, "
        "developer keys of a client, X keys for one brand, brand specific app, own Twitter developer keys of a "
        "brand, customer has own X keys",
    ),
    "delete_x_credentials": (
        "stop using our own X developer app",
        "remove Twitter app, delete Twitter API keys, remove default app, remove our X app, drop API keys for X",
    ),
    "delete_brand_x_credentials": (
        "stop using a brand's own X developer app",
        "remove the client's Twitter app, drop the override, back to the default, remove the brand keys, client uses "
        "our app again, return to the common app, fall back to the default Twitter app, brand without own app",
    ),
    "test_x_credentials": (
        "try X app keys without saving them",
        "verify API secret, keys that work, try the Twitter app keys, is the secret right, are the X keys valid, "
        "check Twitter credentials",
    ),
    "get_current_user": (
        "who is signed in, on which plan",
        "who am I, my account, my profile, my plan, current plan, payment overdue, past due, my settings, my email, "
        "my subscription, account details, signed in as, logged in, which plan do I have, my data",
    ),
    "update_current_user": (
        "change the user's settings",
        "lock accounts to a brand, stop accounts being moved between brands, my preferences, settings, finish the "
        "tour, user settings, change my settings, account preferences, fix accounts to their brand, forbid moving "
        "accounts, no switching between brands",
    ),
    "delete_current_user": (
        "delete the user and everything they have",
        "close my account, delete my account, erase everything, quit the service, GDPR erasure, end subscription, "
        "leave the service, remove my user, delete me, forget me, wipe all my data",
    ),
    "create_checkout": (
        "get the page where a plan is paid for",
        "upgrade, upgrade to pro, buy a plan, subscribe, bigger plan, bigger subscription, downgrade, pay for, order "
        "a plan, take the bigger plan, switch plan, change plan, go premium, purchase, next plan, higher plan, move "
        "up a plan",
    ),
    "create_billing_portal": (
        "get the page for invoices and payment",
        "invoices, receipts, credit card, payment method, cancel subscription, billing address, VAT number, where "
        "are my bills, billing, change the card, payment details, bank details, update payment, cancel my plan",
    ),
    "get_checkout_status": (
        "whether a checkout was paid",
        "payment status, was it paid, purchase complete, order state, payment done, payment went through, has it "
        "been paid, did it get paid, payment confirmed, is the purchase through, transaction",
    ),
    "list_plans": (
        "the plans and their prices",
        "pricing, price list, tiers, compare plans, packages, subscription options, which subscriptions are there, "
        "cost, prices, fees, how expensive, free plan, what it costs",
    ),
    "list_announcements": (
        "news about the service",
        "notices, maintenance, downtime, outage, what is new, release notes, service status, product news, is it "
        "down, planned maintenance, updates about the product, changelog",
    ),
    "mark_announcement_seen": (
        "dismiss a notice",
        "mark notice as read, close announcement, seen, got it, hide the banner, hide announcement, acknowledge",
    ),
    "send_feedback": (
        "tell the makers of this service something",
        "report a bug, bug report, feature request, wish, suggestion, complaint, developers, contact support, "
        "missing feature, let the developers know, idea for improvement, praise for the product, contact the makers, "
        "message to support",
    ),
    "request_whatsapp_code": (
        "have WhatsApp text or call with a verification code",
        "get a verification code, SMS code, call with code, send code, confirmation code, ask for a code, text the "
        "code, verification by phone call, by SMS, start verifying a number, send code again",
    ),
    "verify_whatsapp_code": (
        "hand in the WhatsApp code that came",
        "enter the code, confirm number, confirm with code, six digits, submit code, code received, here is the "
        "code, received a code, type in the code, code came by SMS, code from the text message, code from the call, "
        "digits",
    ),
    "register_whatsapp_number": (
        "put a WhatsApp number into service with a PIN",
        "activate number, set a pin, enable messaging, go live on WhatsApp, two-step, start messaging, set up "
        "number, start using the number, sign up number",
    ),
    "deregister_whatsapp_number": (
        "give up a WhatsApp number",
        "release a number, deactivate number, stop using number, unregister, remove phone number, move number away, "
        "free the number, take number out of service, port the number",
    ),
    "get_whatsapp_number_status": (
        "whether a WhatsApp number is verified and in service",
        "is the number active, registered yet, number state, number ready, is WhatsApp set up, is WhatsApp working, "
        "check the number, is the number able to send, send by WhatsApp yet, number usable",
    ),
    "get_whatsapp_business_profile": (
        "the public WhatsApp profile",
        "WA profile, about text, our description, opening hours, address, contact details, company info on WhatsApp, "
        "what customers see on WhatsApp, website on WhatsApp",
    ),
    "update_whatsapp_business_profile": (
        "change the public WhatsApp profile",
        "edit WA profile, about line, business description, change address, change website, change email, opening "
        "hours, profile picture, contact details, new address, change info on WhatsApp, edit company info, update "
        "description, new email, our hours changed, set opening hours, moved to a new address",
    ),
    "list_whatsapp_templates": (
        "the WhatsApp templates and their approval",
        "message templates, canned messages, WA templates, pending templates, our templates, all templates, template "
        "list, which templates do we have, approved templates, templates by state",
    ),
    "create_whatsapp_template": (
        "submit a WhatsApp template for approval",
        "new message template, reminder template, write a template, get a template approved, make a template, new "
        "template, template for updates, add a template, draft a template, shipping template",
    ),
    "delete_whatsapp_template": (
        "delete a WhatsApp template",
        "remove an old template, drop promo template, template no longer needed, remove template",
    ),
    "get_whatsapp_template": (
        "one WhatsApp template and its approval",
        "open a template, is the template approved, rejected template, reason for rejection, show a template, text "
        "of a template, read a template, what does the template say, template details",
    ),
    "update_whatsapp_template": (
        "change an approved WhatsApp template",
        "edit template, wording of a template, change template text, resubmit a template, correct a template, change "
        "the button, fix a template, new text for a template",
    ),
    "send_whatsapp_template": (
        "send an approved template to a phone number",
        "message after 24 hours, outside the window, first message to a customer, reminder to a phone number, start "
        "a WhatsApp chat, notify a customer, campaign message, first contact, start the conversation, window closed, "
        "24 hours passed, send a reminder, first contact on WhatsApp, approach a new customer",
    ),
    "validate_whatsapp_template": (
        "check a WhatsApp template before submitting it",
        "is the template fine, test template, template problems, template against the rules, is the template valid, "
        "template check",
    ),
}

WORDS: Mapping[str, tuple[str, str]] = {**INBOX, **PUBLISHING, **_REST}
"""Operation → (its line, further words)."""
