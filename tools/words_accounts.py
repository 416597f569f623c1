"""How a manager calls the operations of accounts, brands, invites, users and payment; see `tools.words`."""

from collections.abc import Mapping

ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "list_accounts": (
        "the connected social profiles",
        "our profiles, channels, which networks, linked accounts, connected accounts, still connected, hooked up, "
        "handles, needs reconnecting, which profiles, profiles of a brand, which channels are hooked up, socials, all "
        "networks we use, platforms, where are we present, account overview, account ids, expired account, which "
        "accounts need logging in again, which socials, networks in use, where do we have a presence, still logged "
        "in, sign-ins valid, logged in everywhere, lost connection, connection lost, token expired, sign-in expired, "
        "fresh login needed, broken connection, dropped off, which channels, health of accounts, account status, "
        "still authorised, accounts of a client, all handles, profile list, connected since, disconnected accounts, "
        "is it connected, which logins, still valid login, how many accounts, is a network set up, profiles hooked "
        "up, profiles we have, which Instagram profiles, did a token expire, is Facebook still connected, any account "
        "expired, account overview per brand",
    ),
    "connect_account": (
        "link a social profile",
        "add an account, add a profile, hook up, log in to, link our page, reconnect, login expired, access expired, "
        "Telegram bot, GMB, Google Business, sign in with, add Instagram, add TikTok, add LinkedIn, connect "
        "Instagram, connect Facebook, connect YouTube, connect Pinterest, new channel, new network, bring in a page, "
        "authorise, set up a profile, plug in, add X, add WhatsApp, add Pinterest, add Threads, add Telegram, add "
        "YouTube, add Facebook, renew access to an account, another account, second Instagram, put an account in, "
        "further profile, new presence, hook up a page, sign in to a network, reauthorise, refresh login, reconnect "
        "expired account, link to Meta, onboard a profile, get our page in, add our channel, start a connection, "
        "begin connecting, register an account, integrate a profile, grant access to a page, put our channel in, set "
        "up Instagram, set up Facebook, set up TikTok, set up YouTube, set up LinkedIn, set up Threads, set up X, set "
        "up a network, link Instagram, link Facebook, link TikTok",
    ),
    "disconnect_account": (
        "unlink a social profile",
        "remove an account, remove a profile, disconnect a profile, log out, unlink a channel, drop a profile, remove "
        "Instagram, disconnect Twitter, unlink LinkedIn, remove old profile, remove a network, stop using an account, "
        "cut the connection, revoke access of the app, remove TikTok, remove YouTube, remove Facebook, remove "
        "Threads, remove Pinterest, network not run any longer, give up a channel, leave a network, quit a network, "
        "take a profile out, drop an account, sign out of, forget an account, cut off, detach an account, left a "
        "network, closed our profile, get rid of a profile, unhook, revoke our access, throw out a handle, kick out "
        "an account",
    ),
    "get_creator_info": (
        "what a TikTok account may set on a post",
        "stitch, privacy settings, TikTok options, creator settings, longest video, comments off, duet, allowed on "
        "TikTok, may viewers comment, TikTok privacy, permitted interactions, audience choice, remix, duets and "
        "stitches, who may view, TikTok audience settings, is commenting allowed, maximum TikTok duration, what does "
        "TikTok let us set, creator privacy, posting options of TikTok",
    ),
    "list_account_pages": (
        "the Facebook pages of an account",
        "FB pages, fan pages, which pages, pages under this account, default page, Facebook pages attached, our fan "
        "pages, pages of a login, pages behind an account, pages belonging to an account, which FB pages, page list, "
        "subpages",
    ),
    "update_account_page": (
        "make a Facebook page the default, or switch it on or off",
        "main page, default page, fan page, activate a page, deactivate a page, turn off a page, disable a page, "
        "switch off a page, switch on a page, page inactive, page active, pick another default, switch pages, mute a "
        "page, no longer use a page, should not be used, stop posting to a page, use a page again, exclude a page, "
        "include a page, primary page, set the main page, default for posting, enable a page, disable fan page",
    ),
    "get_account_limits": (
        "how much an account may still post today",
        "daily limit, daily cap, posts left today, posting limit, rate limit, quota of an account, close to the "
        "limit, publishing quota, remaining posts for an account, can we still post today, allowance of the platform, "
        "how many posts are still possible, posts remaining today, Instagram publishing limit, how many tweets left, "
        "still send today, before midnight, daily allowance, tweets remaining, capped, throttled, hit the ceiling, "
        "limit reached, how often may we post, tweets a day, blocked from posting, room for more posts today",
    ),
    "get_pending_connection": (
        "the pages or places to choose from in an unfinished connection",
        "options, not finished connecting, half connected, choices, listings, what can I choose, options while "
        "connecting, never picked, which locations, places found, which pages can I choose, several locations, "
        "unfinished sign-in, connection waiting, stuck halfway, half-finished hookup, what does it offer, which shops "
        "were found, open connection, unfinished login, available places, selection list, did not complete "
        "connecting, connection not complete",
    ),
    "select_pending_connection": (
        "choose the page or place and finish connecting",
        "pick a location, pick the pages, complete the connection, finish connecting, choose a shop, this page "
        "please, decide for a location, confirm the selection, with the shop, take this location, choose from the "
        "list, use this place, pick one of them, select a page, connect this location, finish the hookup, the second "
        "one please, take these pages",
    ),
    "exchange_oauth_code": (
        "finish a connection with the code it came back with",
        "authorization code, OAuth callback, code parameter, WhatsApp embedded sign-up, got a code, code in the "
        "return address, OAuth code, swap the code, complete the OAuth sign-in, authorization code from popup, code "
        "from redirect, callback returned code, finish login with code, exchange authorization code, code for token, "
        "query parameter code",
    ),
    "list_brands": (
        "the brands, with their number of accounts",
        "clients, customers, workspaces, which clients, businesses, companies, customers we manage, portfolio, "
        "profiles per client, brand ids, overview of companies, firms, agency clients, list of clients, which "
        "companies, what brands exist, all customers, whom do we work for, clients in here, which workspaces, brand "
        "list, customer list",
    ),
    "create_brand": (
        "set up a brand",
        "new client, add a client, new workspace, new company, onboard a brand, create a client, new brand, new "
        "customer, start a brand, set up a workspace, take on a client, up a workspace, open a workspace, signed a "
        "client, won a client, sign up a client, another brand, separate space for, add a company",
    ),
    "update_brand": (
        "rename a brand",
        "change the name of a client, rebranded, new name, correct a brand name, rename client, rename workspace, "
        "brand called differently, is called now, renamed themselves, spelling of a client, change brand title, "
        "company changed name, fix the client name, brand is called, client is called, bike shop called, new company "
        "name, different name",
    ),
    "delete_brand": (
        "delete a brand with all its accounts",
        "remove a client, close a workspace, offboard, customer gone, erase a workspace, no longer our client, client "
        "we lost, client and everything in it, client left, terminated the contract, lost a customer, contract ended, "
        "wipe a client, no longer work together, drop a client, client quit, all of theirs",
    ),
    "list_invites": (
        "the invite links of a brand and their state",
        "open invites, pending invites, was the link used, expired links, invitations sent, was the client invite "
        "used, link we sent, has the client connected, which links are out, invitations, has anyone accepted, connect "
        "links, were the links used, who used an invite, never opened, links never used, who opened it, link clicked, "
        "invitation accepted, status of an invite, unused invites, outstanding invites, used invites, has she "
        "connected yet, sent links",
    ),
    "create_invite": (
        "make a link by which a client connects an account",
        "invite a client, invite link, onboarding link, send a link, without sharing a password, let the customer "
        "connect, link for a customer, connect link, share a link for connecting, ask the client to connect, let "
        "somebody outside connect, invitation to connect, self-service link, mail a link, link for the client to log "
        "in, let them hook up, client connects himself, ask for access, onboarding email, request access from a "
        "client, link to plug in, forward a link",
    ),
    "revoke_invite": (
        "make an open invite link worthless",
        "cancel an invite, cancel a link, delete invitation, withdraw invitation, invite sent by mistake, invalidate "
        "a link, kill invite link, take back an invitation, wrong person has the link, make a link useless, link must "
        "not work, expire an invite, void an invite, link leaked, block an invite, stop an invitation",
    ),
    "redeem_invite": (
        "open an invite link somebody gave us",
        "use an invite, accept invitation, invite code, got an invite, follow an invite, invitation received, redeem, "
        "what is behind an invitation, invitation address, sent an invitation, link from the agency, received an "
        "invite, invited by somebody, follow the link, join by invite, use invite token, where does it lead, what "
        "does the invitation say",
    ),
    "get_usage": (
        "what the plan has left this month",
        "credits left, credits used, quota, remaining credits, usage this month, billing period, plan limits, "
        "allowance, consumed, how many credits, credit balance, interactions left, consumption, am I near my limit, "
        "used up, brands left, quota used, used this period, share of the quota, plan used, burn through, monthly "
        "allowance, how close to the limit, left in the plan, posts left this month, accounts left, used so far, are "
        "we over the limit, remaining quota, plan consumption, what is used, seats left, usage figures, much of plan "
        "used, used of the plan, plan consumed, credits, quota used up, share of plan, current usage, resource usage, "
        "usage",
    ),
    "get_current_user": (
        "who is signed in, on which plan",
        "who am I, my account, my profile, my plan, current plan, payment overdue, past due, my settings, my email, "
        "my subscription, account details, signed in as, logged in, which plan do I have, my data, mail address "
        "registered, which email, trial end, when does the trial end, I paying for, what do we pay for, my tier, do I "
        "have admin rights, renewal date, which user, next billing date, subscription status, is my account active, "
        "whoami",
    ),
    "update_current_user": (
        "change the user's settings",
        "lock accounts to a brand, stop accounts being moved between brands, my preferences, settings, finish the "
        "tour, user settings, change my settings, account preferences, fix accounts to their brand, forbid moving "
        "accounts, no switching between brands, on the lock, ties profiles to brand, lock profiles, user profile, "
        "onboarding done, skip the tour, user preferences, user lock",
    ),
    "delete_current_user": (
        "delete the user and everything they have",
        "close my account, delete my account, erase everything, quit the service, GDPR erasure, leave the service, "
        "remove my user, delete me, forget me, wipe all my data, I want out, all my data, close everything, cancel my "
        "account forever, leave for good, right to be forgotten, goodbye, terminate my account, erase me",
    ),
    "create_checkout": (
        "get the page where a plan is paid for",
        "upgrade, upgrade to pro, buy a plan, subscribe, bigger plan, bigger subscription, downgrade, pay for, order "
        "a plan, take the bigger plan, switch plan, change plan, go premium, purchase, next plan, higher plan, move "
        "up a plan, outgrown this plan, need a bigger package, more accounts than allowed, buy more, sign up for, pay "
        "now, order the subscription, get premium, annual plan, switch to yearly, start paying, after the trial, more "
        "brands needed, checkout, change to business, go up a tier, upgrade the plan, move us up, raise our limit",
    ),
    "create_billing_portal": (
        "get the page for invoices and payment",
        "invoices, receipts, credit card, payment method, cancel subscription, billing address, VAT number, where are "
        "my bills, billing, change the card, payment details, bank details, update payment, cancel my plan, new card, "
        "enter a new card, card declined, for last month, tax id, change billing email, stop paying, last invoice, "
        "bill for accounting, bookkeeping, where do I pay, payment failed, unsubscribe from the plan, quit paying, "
        "credit card expired, end subscription, stop the subscription, terminate the subscription, cancel membership, "
        "stop renewing, auto-renewal",
    ),
    "get_checkout_status": (
        "whether a checkout was paid",
        "payment status, was it paid, purchase complete, order state, payment done, payment went through, has it been "
        "paid, did it get paid, payment confirmed, is the purchase through, transaction, receive our money, did the "
        "purchase work, is the order paid, payment received, payment arrived, was the card charged, is it paid, order "
        "complete",
    ),
    "list_plans": (
        "the plans and their prices",
        "pricing, price list, tiers, compare plans, packages, subscription options, which subscriptions are there, "
        "cost, prices, fees, how expensive, free plan, what it costs, what would it cost, discounts, yearly price, "
        "agency tier, which plans, what do you charge, price per month, available subscriptions, offers, plan "
        "comparison, what is included, plan features",
    ),
    "list_announcements": (
        "news about the service",
        "notices, maintenance, downtime, outage, what is new, release notes, service status, product news, is it "
        "down, planned maintenance, updates about the product, changelog, in the product, there an outage, is the "
        "service down, are you down, incident, known problems, status page, new features, product update, what "
        "changed",
    ),
    "mark_announcement_seen": (
        "dismiss a notice",
        "mark notice as read, close announcement, seen, got it, hide the banner, hide announcement, acknowledge, I "
        "have read the banner, away with the banner, close the banner, dismiss the banner, hide the notice, read the "
        "notice, announcement read",
    ),
    "send_feedback": (
        "tell the makers of this service something",
        "report a bug, bug report, feature request, wish, suggestion, complaint, developers, contact support, missing "
        "feature, let the developers know, idea for improvement, praise for the product, contact the makers, message "
        "to support, tell support, support ticket, something is broken tell, complain to you, suggest an improvement, "
        "request a feature, ask support, help desk, talk to the makers, write to support, I found a bug",
    ),
}
