"""How a manager calls the operations of the inbox: one line each, and further words; see `tools.words`."""

from collections.abc import Mapping

INBOX: Mapping[str, tuple[str, str]] = {
    "list_commented_posts": (
        "posts that have comments, the latest commented first",
        "new comments, recent comments, comment inbox, unanswered comments, where people comment, most discussed, "
        "discussion, comments across all accounts, comments to answer, open comments, posts with comments, comment "
        "overview, posts people talk about, busy posts",
    ),
    "list_comments": (
        "what people wrote under one post",
        "comments on a post, comments under a video, comments below a reel, read the comments, what people say, "
        "search comments, comment section, top comments, reactions, opinions, feedback from followers, comments that "
        "mention a word, comments containing, find comments, reactions under a post, responses to a post, what is "
        "being said, hidden comments of a post, comments on a reel, questions under a post, negative comments on a "
        "post, comments under the post, comments below a post, comments of a post",
    ),
    "list_comment_replies": (
        "the thread below one comment",
        "replies under a comment, comment thread, nested comments, sub-comments, who replied, discussion under a "
        "comment, follow-up to a comment",
    ),
    "reply_to_comment": (
        "answer a comment in public, or comment under a post",
        "respond to a comment, write a comment, leave a comment, public answer, answer the commenter, thank a "
        "commenter, write back under a comment, write in the comments, answer a question under a post, comment back, "
        "leave a reply, thank someone for a comment, comment below our post, add a comment, say under a post",
    ),
    "delete_comment": (
        "remove a comment for good",
        "take down a comment, erase a comment, spam comment, insult, nasty comment, rude comment, get rid of a "
        "troll, delete hate, delete spam under a post, insulting comment, gone forever",
    ),
    "hide_comment": (
        "make a comment invisible to others; can be undone",
        "mute a comment, offensive comment, troll, hate, conceal a comment, moderate a comment, rude comment, no one "
        "should see, out of sight, insult under a post",
    ),
    "unhide_comment": (
        "show a hidden comment again",
        "bring back a comment, make a comment visible again, undo hiding, restore comment, unmute a comment, show "
        "comment once more, no longer hidden",
    ),
    "like_comment": (
        "like a comment as the page",
        "heart a comment, thumbs up, react to a comment, love a comment, appreciate a comment, give a like, like "
        "what she wrote",
    ),
    "unlike_comment": (
        "take back a like of a comment",
        "undo a like, remove a heart, take like back, retract a like, no longer like",
    ),
    "send_private_reply": (
        "DM the author of a comment",
        "private answer to a comment, direct message to a commenter, message the person who commented, privately "
        "instead of publicly, comment to DM, answer in private, in a private message to the commenter, DM whoever "
        "commented, write personally to a commenter, contact a commenter in private, DM somebody from the comments, "
        "DM who asked in the comments",
    ),
    "list_conversations": (
        "DMs, newest first, with unread counts",
        "unread direct messages, unread messages, new messages, inbox, DM inbox, chats, private messages, who "
        "messaged us, Messenger, unanswered DMs, latest messages, archived chats, who wrote on Messenger, anything "
        "on Messenger, overnight messages, new chats, WhatsApp chats, Instagram messages, Facebook messages, X DMs, "
        "customers writing, message requests, who needs an answer, open conversations, new Telegram messages, chats "
        "on Telegram, chats on WhatsApp",
    ),
    "get_conversation": (
        "one DM thread: with whom, unread or archived",
        "open a chat, open one conversation, is the chat archived, chat with a person, details of one conversation, "
        "one chat, how many unread in a conversation, state of a chat",
    ),
    "update_conversation": (
        "archive a DM thread, or bring it back",
        "archive a chat, unarchive, move to archive, close a conversation, reopen, done with a chat, finished "
        "conversation, file away, chat done, set active, out of archive",
    ),
    "list_messages": (
        "what was written in one DM thread",
        "read a chat, chat history, read the DM, message history, transcript of a conversation, older messages, "
        "whole conversation, what we wrote, what he said in the chat, messages of one chat, recent exchange, earlier "
        "messages, what somebody wrote in a DM, last messages with a person, exchange with a customer, conversation "
        "with, what a customer wrote, text of a DM, DMs of one customer",
    ),
    "send_message": (
        "write a DM in an open conversation",
        "reply to a DM, answer a direct message, write back in chat, text a customer, send a picture in a chat, send "
        "an attachment, quick replies, buttons, answer on Messenger, answer on WhatsApp, message the client, text "
        "somebody back, chat with a customer, answer a customer on WhatsApp, write to the customer, respond in the "
        "chat, private message, send a file, voice message, Telegram message, message on Instagram, inform a "
        "customer, tell the customer, text back, answer by WhatsApp, write to somebody in a DM",
    ),
    "mark_conversation_read": (
        "set a DM thread to read",
        "mark chat as read, mark as seen, reset unread count, seen, no longer unread, already seen it, set to read",
    ),
    "list_review_accounts": (
        "places with reviews and their average star rating",
        "overall rating, average rating, GMB listings, GBP locations, rating per location, Google Business score, "
        "locations with reviews, best rated shop, score per shop, rating overview, number of reviews, compare "
        "locations",
    ),
    "reply_to_review": (
        "answer a Google review in public",
        "respond to a bad review, thank for a five star review, answer a star rating, GMB review answer, thank the "
        "reviewer, answer a reviewer, respond to a rating, comment on a review, owner response",
    ),
    "list_reviews": (
        "Google reviews, newest first or by stars",
        "GMB reviews, one star review, someone left a review, latest reviews, bad reviews, worst reviews, negative "
        "reviews, five stars, star rating, testimonials, Google Maps reviews, unanswered reviews, praise, customer "
        "feedback on Google, what customers think, reviews this month, two stars, four stars, low ratings, new "
        "review, one star, what did somebody write in a review, left a rating",
    ),
    "list_mentions": (
        "where others tagged or mentioned us",
        "who tagged us, tagged in a photo, @mentions, at mention, shout-outs, brand mentions, who talks about us, "
        "our name appears, user generated content, UGC, influencer posts, who talks about the brand",
    ),
    "reply_to_mention": (
        "comment under a post that tagged us",
        "thank for the mention, answer a tag, respond to a shout-out, react to a tag, answer who tagged us, comment "
        "back on a mention, answer an influencer, respond where we were mentioned",
    ),
}
