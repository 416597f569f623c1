"""How a manager calls the operations of the inbox: one line each, and further words; see `tools.words`."""

from collections.abc import Mapping

INBOX: Mapping[str, tuple[str, str]] = {
    "list_commented_posts": (
        "posts that have comments, the latest commented first",
        "new comments, recent comments, comment inbox, unanswered comments, where people comment, most discussed, "
        "discussion, comments across all accounts, comments to answer, open comments, posts with comments, comment "
        "overview, posts people talk about, busy posts, is the discussion, heated discussion, fresh comments, fresh "
        "remarks, comment feed, overview of comments, where are people talking, comments today, comments this week, "
        "posts with questions, comments everywhere, comments waiting, comment backlog",
    ),
    "list_comments": (
        "what people wrote under one post",
        "comments on a post, comments under a video, comments below a reel, read the comments, what people say, "
        "search comments, comment section, top comments, reactions, opinions, feedback from followers, comments that "
        "mention a word, comments containing, find comments, reactions under a post, responses to a post, what is "
        "being said, hidden comments of a post, comments on a reel, questions under a post, negative comments on a "
        "post, comments under the post, comments below a post, comments of a post, complaints under a post, reactions "
        "to a post, what folks wrote, what do fans write, underneath a photo, beneath the video, remarks under, "
        "questions on a post, what did they comment, criticism under, sentiment of comments, is anyone complaining, "
        "what followers write, comments about, get comments, see comments, said underneath, what was commented, "
        "commenters, comment list, comments on our video, reading the comments, read what they wrote, people asking "
        "under, questions people ask, anyone asking under, any comments",
    ),
    "list_comment_replies": (
        "the thread below one comment",
        "replies under a comment, comment thread, nested comments, sub-comments, who replied, discussion under a "
        "comment, follow-up to a comment, others answered, joined the discussion, responses to a comment, answers "
        "below a remark, conversation under a comment, did anyone respond to the comment, comment chain, reply "
        "thread, replies to a comment",
    ),
    "reply_to_comment": (
        "answer a comment in public, or comment under a post",
        "respond to a comment, write a comment, leave a comment, public answer, answer the commenter, thank a "
        "commenter, write back under a comment, write in the comments, answer a question under a post, comment back, "
        "leave a reply, thank someone for a comment, comment below our post, add a comment, say under a post, tell a "
        "commenter, answer publicly, explain in the comments, respond under our video, respond to a remark, thank her "
        "for the comment, post a comment, public response, comment as us, answer a fan, write underneath, reply under "
        "the post, join the discussion, person who asked, person who asked publicly, asked under the post, publicly, "
        "in public",
    ),
    "delete_comment": (
        "remove a comment for good",
        "take down a comment, erase a comment, spam comment, insult, nasty comment, rude comment, get rid of a troll, "
        "delete hate, delete spam under a post, insulting comment, gone forever, racist comment, pull down a comment, "
        "ugly comment, remove abuse, remove slander, get it off, scam comment, vulgar remark, erase a remark, wipe a "
        "comment, delete the insult, comment must go, called us names, get rid of a comment, ads in the comments, "
        "advertising under a post, swear word, swearing under a post, bad language, link spam, hate speech, bot "
        "comment",
    ),
    "hide_comment": (
        "make a comment invisible to others; can be undone",
        "mute a comment, offensive comment, troll, hate, conceal a comment, moderate a comment, rude comment, no one "
        "should see, out of sight, insult under a post, keep but not visible, of everybody's sight, make it "
        "disappear, only the author sees, cover up a comment, suppress a comment, do not erase, tone down, others "
        "cannot see, without deleting it, make a remark invisible, swear word, advert in comments, swearing, bad "
        "language, bot comment, rant, hate speech, competitor's advertising",
    ),
    "unhide_comment": (
        "show a hidden comment again",
        "bring back a comment, make a comment visible again, undo hiding, restore comment, unmute a comment, show "
        "comment once more, no longer hidden, put it back, fine after all, hidden by mistake, reveal a comment, make "
        "public again, no longer hide, undo the hide",
    ),
    "like_comment": (
        "like a comment as the page",
        "heart a comment, thumbs up, react to a comment, love a comment, appreciate a comment, give a like, like what "
        "she wrote, drop a heart, applaud a comment, favourite a comment, thumbs-up to a remark, show love, put a "
        "like on",
    ),
    "unlike_comment": (
        "take back a like of a comment",
        "undo a like, remove a heart, take like back, retract a like, no longer like, thumbs up back, withdraw our "
        "like, liked by mistake, revoke a like, delete our heart, unheart",
    ),
    "send_private_reply": (
        "DM the author of a comment",
        "private answer to a comment, direct message to a commenter, message the person who commented, privately "
        "instead of publicly, comment to DM, answer in private, in a private message to the commenter, DM whoever "
        "commented, write personally to a commenter, contact a commenter in private, DM somebody from the comments, "
        "DM who asked in the comments, commenter in DM, private word with a commenter, take it to DM, move to private "
        "messages, lady who commented, guy who commented, message someone under a post, off the public thread",
    ),
    "list_conversations": (
        "DMs, newest first, with unread counts",
        "unread direct messages, unread messages, new messages, inbox, DM inbox, chats, private messages, who "
        "messaged us, Messenger, unanswered DMs, latest messages, archived chats, who wrote on Messenger, anything on "
        "Messenger, overnight messages, new chats, WhatsApp chats, Instagram messages, Facebook messages, X DMs, "
        "customers writing, message requests, who needs an answer, open conversations, new Telegram messages, chats "
        "on Telegram, chats on WhatsApp, who wrote us, wrote us privately, still waiting, waiting for a reply, nobody "
        "answered yet, texted us, who has texted, messaged since, DMs today, requests from customers, not answered "
        "yet, who contacted us, recent DMs, customer enquiries, inbound messages, who is writing, unreplied DMs, "
        "unread chats, who is waiting, new inquiries, private inbox, list chats, all chats, what came in, message "
        "overview, people in our inbox, any DMs, people who messaged, clients who messaged, unopened messages, unread "
        "inbox, what is new in the inbox, messages waiting, who is still waiting, not yet answered, still no answer, "
        "have not answered, anyone on WhatsApp, Instagram DMs, X messages, pinged us, reached out, has reached out, "
        "fresh messages, customers contacting us",
    ),
    "get_conversation": (
        "one DM thread: with whom, unread or archived",
        "open a chat, open one conversation, is the chat archived, chat with a person, details of one conversation, "
        "one chat, how many unread in a conversation, state of a chat, chat details, unread in the chat, one thread, "
        "which customer is it, chat info, whose chat is this, status of the conversation, when was the last message, "
        "is it unread, how many unread, when did we last talk, open the chat, it still unread, look at one chat",
    ),
    "update_conversation": (
        "archive a DM thread, or bring it back",
        "archive a chat, unarchive, move to archive, close a conversation, reopen, done with a chat, finished "
        "conversation, file away, chat done, set active, out of archive, mark as done, mark the chat done, mark as "
        "finished, resolve a chat, chat resolved, file away a conversation, close the ticket, old chat back, in the "
        "inbox, talk is over, tidy up the inbox, put away a chat, unarchive a thread, remove from inbox, conversation "
        "is over, settle a chat, done with it, done chat, mark done, not open any more, finished with a customer",
    ),
    "list_messages": (
        "what was written in one DM thread",
        "read a chat, chat history, read the DM, message history, transcript of a conversation, older messages, whole "
        "conversation, what we wrote, what he said in the chat, messages of one chat, recent exchange, earlier "
        "messages, what somebody wrote in a DM, last messages with a person, exchange with a customer, conversation "
        "with, what a customer wrote, text of a DM, DMs of one customer, full transcript, what has he been asking, "
        "messages with a customer, read the conversation, what did they say in DM, show the thread, chat log, words "
        "in the chat, what did she ask, what was agreed in the chat, message thread, scroll up, read through a chat, "
        "what did the customer write, last thing he wrote, messages from, texts from, our chat with, open the "
        "messages, last lines of a talk, talk with a customer, back-and-forth, what he sent us, what she sent us, "
        "what somebody sent, sent us in DM, what did they write, words of a customer",
    ),
    "send_message": (
        "write a DM in an open conversation",
        "reply to a DM, answer a direct message, write back in chat, text a customer, send a picture in a chat, send "
        "an attachment, quick replies, buttons, answer on Messenger, answer on WhatsApp, message the client, text "
        "somebody back, chat with a customer, answer a customer on WhatsApp, write to the customer, respond in the "
        "chat, private message, send a file, voice message, Telegram message, message on Instagram, inform a "
        "customer, tell the customer, text back, answer by WhatsApp, write to somebody in a DM, let him know, let her "
        "know, get back to a customer in DM, reply in the chat, tell a customer, write to a person, drop him a line, "
        "shoot a DM, DM a customer, ping a customer, answer the message, respond to a message, write a message, "
        "notify the customer by DM, answer his question in the chat, text someone, write to him, write to her, write "
        "her, get back to him in DM, answer in DM, get back in DM, reply on WhatsApp, write him on WhatsApp, the "
        "customer back, message with attachment, attach a file, send the price list, respond to a customer, write "
        "back to, write back to someone, reply to him, reply to her, answer a person, tell someone that, message "
        "somebody",
    ),
    "mark_conversation_read": (
        "set a DM thread to read",
        "mark chat as read, mark as seen, reset unread count, seen, no longer unread, already seen it, set to read, "
        "the notification dot, clear the badge, get rid of the unread number, I have read it, remove the unread flag, "
        "set as seen, acknowledge a chat, read receipt",
    ),
    "list_review_accounts": (
        "places with reviews and their average star rating",
        "overall rating, average rating, GMB listings, GBP locations, rating per location, Google Business score, "
        "locations with reviews, best rated shop, score per shop, rating overview, number of reviews, compare "
        "locations, how do branches score, rated best, compare shops by stars, average score, branch ratings, which "
        "shop is worst, number of ratings, Google rating",
    ),
    "reply_to_review": (
        "answer a Google review in public",
        "respond to a bad review, thank for a five star review, answer a star rating, GMB review answer, thank the "
        "reviewer, answer a reviewer, respond to a rating, comment on a review, owner response, say sorry to a "
        "reviewer, apologise for a bad experience, unhappy reviewer, answer a guest's rating, react to a review, "
        "rated us, write back to a reviewer, public answer to a rating, comment on a rating, respond to the stars",
    ),
    "list_reviews": (
        "Google reviews, newest first or by stars",
        "GMB reviews, one star review, someone left a review, latest reviews, bad reviews, worst reviews, negative "
        "reviews, five stars, star rating, testimonials, Google Maps reviews, unanswered reviews, praise, customer "
        "feedback on Google, what customers think, reviews this month, two stars, four stars, low ratings, new "
        "review, one star, what did somebody write in a review, left a rating, what people say on Google, on Google "
        "Maps, complain about on Google, praised us on Google, new stars, customer opinions, guests write on Google, "
        "Google feedback, reviewers, who rated us, ratings we got, unhappy customers on Google, complaints on Google, "
        "recent ratings, how were we rated, read the reviews, reviews without answer, latest ratings, without reply, "
        "unanswered ratings, reviews to answer, recent reviews, reviews with text, GMB stars, GMB ratings, Google "
        "star rating, star ratings",
    ),
    "list_mentions": (
        "where others tagged or mentioned us",
        "who tagged us, tagged in a photo, @mentions, at mention, shout-outs, brand mentions, who talks about us, our "
        "name appears, user generated content, UGC, influencer posts, who talks about the brand, has anyone tagged "
        "us, bloggers who mention us, shouted us out, influencers posting about us, posts that tag us, who posted "
        "about us, name dropped, where do we appear, tagged posts, people tagging us",
    ),
    "reply_to_mention": (
        "comment under a post that tagged us",
        "thank for the mention, answer a tag, respond to a shout-out, react to a tag, answer who tagged us, comment "
        "back on a mention, answer an influencer, respond where we were mentioned, thank a blogger, thank for the "
        "tag, answer a shout-out, thank an influencer, react where we were tagged, reply to the tag, leave a comment "
        "on the photo that tagged us, comment where tagged, tagged us in a photo",
    ),
}
