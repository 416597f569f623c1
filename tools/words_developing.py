"""How an engineer calls the operations of keys, webhooks, return addresses and events; see `tools.words`."""

from collections.abc import Mapping

DEVELOPING: Mapping[str, tuple[str, str]] = {
    "list_events": (
        "the activity log",
        "what happened, history, audit, errors, failures today, activity yesterday, timeline, logs, went wrong, "
        "everything that failed, error log, yesterday, today, what has been going on, recent activity, last days, "
        "what failed, problems lately, activity feed, actions, audit trail, who did what, errors this morning, what "
        "errors occurred, what was done, who changed, who posted, log entries, what went on, activity of the team, "
        "security log, chronicle, actions on accounts, when did it happen, who deleted, deleted by whom, who "
        "published, trace, who hid a comment, team activity, recent changes",
    ),
    "get_event_summary": (
        "how much happened, counted by kind",
        "activity summary, count events, how many events, last 24 hours at a glance, digest, totals of activity, how "
        "busy, activity today in numbers, overview of activity, how many failures, totals since yesterday, event "
        "totals, number of errors, counts per type, statistics of events, in numbers, how many things happened, "
        "activity count",
    ),
    "list_keys": (
        "the API keys",
        "API tokens, access tokens, which keys exist, access keys, who has a key, all tokens, credentials issued, key "
        "list, tokens floating around, which tokens, active keys, existing tokens, issued tokens, when was the key "
        "last used, key overview, last used key, list tokens",
    ),
    "create_key": (
        "make an API key",
        "new API token, generate token, access key, read-only key, personal access token, give somebody a key, access "
        "for a developer, issue a token, API access, new key, key for an app, access for an agency, key limited to a "
        "brand, give access key, token for a script, key for a tool, key for reporting, programmatic access, "
        "credentials for CI, developer access, token for a developer, token for the integration, hand out a token, "
        "key for our CI, new credentials, connect by API, let a script in, agency key, for one brand, access for one "
        "brand only",
    ),
    "revoke_key": (
        "kill an API key",
        "delete a token, remove a key, leaked key, stolen token, disable a key, key got out, invalidate token, block "
        "a token, withdraw access, delete key, key no longer needed, token stolen, contractor left, employee left, "
        "cut off access, turn off a key, retire a key, end a token, lock out, remove a token, drop a key, key of a "
        "former colleague",
    ),
    "list_key_scopes": (
        "what an API key can be allowed to do",
        "permissions, scopes, rights of a token, which permissions exist, access levels, what can a token do, "
        "possible permissions, meaning of scopes, scopes available, which rights, which rights exist, explain "
        "permissions, list of scopes, allowed scopes, what may a key do",
    ),
    "update_key": (
        "change the name, permissions or brands of an API key",
        "rename a key, rename token, edit a key, limit a token, add permission, narrow a key, let the key also do "
        "more, extend a key, more rights for a key, fewer rights, key may read, change scopes, restrict a key to a "
        "brand, also be allowed, allow the token to publish, let a token write, give the token more, token for "
        "another brand, fewer permissions, remove a scope, add a scope, change key name, take away permission, "
        "restrict token",
    ),
    "rotate_key": (
        "give an API key a new secret",
        "renew a token, fresh secret, regenerate key, refresh token, roll a key, compromised key, replace the secret, "
        "regenerate the secret, new secret for a key, change the secret, exchange a key, reset a token, leaked swap "
        "it, swap the key, swap the token, replace a leaked token, regenerate credentials, new secret, secret leaked, "
        "secret exposed, published our key by accident, renew key, cycle the key, change a leaked key, key rotation, "
        "fresh token",
    ),
    "list_webhooks": (
        "the webhook endpoints",
        "callbacks, hooks, which webhooks are set up, registered endpoints, which endpoints, our callbacks, "
        "integrations, to which addresses are notifications sent, notification targets, destination of notifications, "
        "where notifications go, where do you push events, to which URLs, URLs that get events, who is notified, list "
        "hooks, list endpoints, active webhooks, configured callbacks, which servers get events, hook configuration, "
        "hook config, URLs we have, where our hooks point, webhook overview",
    ),
    "create_webhook": (
        "have your server told of events",
        "notify my server, push notifications to an endpoint, subscribe to events, register endpoint, tell my system "
        "when, ping us when, alert on new comments, Zapier, Slack, inform our system, whenever something arrives, "
        "real-time notifications, push events, set up a callback, integrate, callback for new messages, callback "
        "address for events, callback for comments, call a backend, backend informed, when somebody writes, when "
        "something happens, hear about new DMs, our system should know, tell our CRM, push to our server, send events "
        "to, real-time updates, trigger a flow, Make.com, n8n, automatically notified, forward new messages, post to "
        "Slack, when a comment arrives, call us when, automation on new comments, notify us of, callback URL, "
        "callback for messages, Slack alert",
    ),
    "get_webhook": (
        "one webhook and how its deliveries go",
        "webhook health, delivery counts, success rate, endpoint statistics, error rate, endpoint state, reliability "
        "of an endpoint, uptime of an endpoint, failures of a webhook, failure count, how dependable, how reliable, "
        "is the hook alive, failing webhook, state of the hook, hook broken, details of a webhook, one endpoint, "
        "delivery success, healthy endpoint, how often did it fail, fail lately",
    ),
    "update_webhook": (
        "change or pause a webhook",
        "pause a hook, switch off webhook, disable callback, resume, different address, new URL, point to, more "
        "events, add an event, change the endpoint, edit a callback, resume a webhook, other events, deactivate an "
        "endpoint, subscribe an endpoint to further events, tell the endpoint more, extend a webhook, stop calling "
        "for a while, temporarily stop, send review events, further event types, new host, receiver moved, other "
        "server address, correct the URL, switch the hook on again, unpause, add events to a hook, edit webhook, "
        "change hook URL",
    ),
    "delete_webhook": (
        "remove a webhook",
        "stop notifications, remove callback, unsubscribe, drop an endpoint, delete an endpoint, no more "
        "notifications, remove integration, unsubscribe a server, no events any more, endpoint is gone, stop calling "
        "for good, no calls any more, drop the hook, remove the endpoint, shut down the hook, no longer notify, "
        "cancel the subscription to events, delete a callback, unsubscribe from events, unsubscribe our server",
    ),
    "test_webhook": (
        "send a made-up event to a webhook",
        "sample event, try the endpoint, dummy notification, ping the hook, fire a test, sample payload, check that "
        "the webhook works, simulate an event, try the webhook, send something fake, fake event, whether it works, "
        "trial call, test the hook, does our endpoint answer, try out the endpoint, dummy event, mock event, test "
        "payload",
    ),
    "list_webhook_deliveries": (
        "what was sent to a webhook",
        "delivery history, failed deliveries, delivery log, webhook calls, calls made, when was the webhook called, "
        "notification history, failed notifications, attempts, has the webhook been called, did it fire, hook fired "
        "today, reach our endpoint, what was sent, what did you send, calls to our server, stopped receiving, "
        "received nothing, nothing arrives any more, Zapier got nothing, events sent out, was our endpoint called, "
        "missing notifications, undelivered events, delivery attempts, sent notifications, log of deliveries, last "
        "calls, recent calls, returns 404, call history",
    ),
    "get_webhook_delivery": (
        "one webhook delivery: the body and every attempt",
        "payload of a delivery, response of the endpoint, delivery details, attempts, one delivery, why did a "
        "delivery fail, server response, body of a notification, one webhook call, response code, status code of a "
        "call, server returned, raw payload, JSON of an event, request body, one call, inspect a delivery, HTTP "
        "error, look into a delivery, 500 error",
    ),
    "retry_webhook_delivery": (
        "send a failed webhook delivery again",
        "resend notification, redeliver, replay a delivery, retry a callback, deliver again, send the notification "
        "again, missed notification, after a server outage, deliver a second time, push it once more, lost "
        "notification, endpoint was down, server was down, send the event again, repeat the call, retry a delivery, "
        "resend a webhook, resend event, another delivery",
    ),
    "list_webhook_events": (
        "the events a webhook can be told of",
        "event types, event catalogue, what can I subscribe to, available notifications, which events exist, list of "
        "event types, kinds of events, which notifications exist, supported events, you notify about, which events, "
        "is on offer, kinds of notifications, subscribable events, what triggers exist, triggers, event names",
    ),
    "list_redirect_uris": (
        "the addresses a sign-in may return to",
        "callback addresses, return URLs, allowlist, whitelist, allowed redirects, redirect URLs, allowed return "
        "addresses, OAuth redirects, permitted callbacks, users be sent, after login, permitted redirect, which "
        "callbacks are accepted, return addresses, allowed callbacks, sign-in return, registered redirects",
    ),
    "create_redirect_uri": (
        "allow an address to return to",
        "whitelist a return URL, add callback address, allowlist, permit a redirect, add to allowed redirects, new "
        "redirect URL, register return address, OAuth redirect, app lives at, allow a callback, allow this callback, "
        "accept a new return address, new callback for login, localhost redirect, add redirect, permit another "
        "redirect, permit redirect address",
    ),
    "delete_redirect_uri": (
        "no longer allow a return address",
        "remove a return URL, take off the allowlist, remove from whitelist, remove callback address, remove redirect "
        "URL, delete return address, forbid a redirect, not be accepted, staging callback, old callback, disallow a "
        "redirect, no redirect any more, strike a return address, remove redirect, no longer permitted, redirect not "
        "permitted",
    ),
}
