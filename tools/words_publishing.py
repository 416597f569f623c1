"""How a manager calls the operations of publishing, media, reports and single platforms; see `tools.words`."""

from collections.abc import Mapping

PUBLISHING: Mapping[str, tuple[str, str]] = {
    "create_post": (
        "write a post: draft, scheduled, or published at once",
        "new post, tweet, tweet now, reel, story, post a story, share a photo, video, short, carousel, thread on X, "
        "pin, schedule a post, plan a post, post tomorrow, post on Friday, save a draft, caption, cross-post, GMB "
        "update, offer, status update, announce, schedule a publication, publish on Monday, post for next week, "
        "programme a post, publish a carousel, post a picture, share a link, compose, write something for LinkedIn, "
        "new content, prepare a post, draft a post, post in the evening, post right away, post every network, share "
        "on Facebook, upload to TikTok, go out on Monday, event post, create a pin, pin an image, pin from a photo",
    ),
    "list_posts": (
        "posts by state and time: drafts, scheduled, published, failed",
        "content calendar, calendar, scheduled posts, upcoming posts, planned, queue, failed posts, posts this week, "
        "next week, search posts, past posts, published posts, drafts, failed, which posts failed, open drafts, "
        "publication plan, editorial calendar, publication queue, planned content, posts of a client, posts in a "
        "month, yesterday, schedule overview, what is scheduled, what is coming up, unpublished posts, old posts, "
        "recent posts, all posts",
    ),
    "get_post": (
        "one post and how it went on each network",
        "open a post, post details, post status, where is it live, link to the post, did it publish everywhere, "
        "outcome on every network, is it live, is the post online, already published, link of the post, check on a "
        "post, why did the post fail, state of a post, see one post, already live, live yet, is it online",
    ),
    "update_post": (
        "change the text, time or pictures of a post",
        "edit a post, edit a draft, edit caption, reschedule, move a post, push back a post, postpone, post earlier, "
        "change the time, swap photo, fix a typo, add a hashtag, hide a post from lists, swap the picture, another "
        "time, move to Monday, earlier, later, correct the text, rewrite the caption, change a post, edit a "
        "scheduled post, add a picture to a draft, different time, reschedule a video, move to another day, change "
        "the date, different day, first comment of a scheduled post",
    ),
    "delete_post": (
        "delete a post here and on the networks",
        "trash a draft, delete draft, cancel a scheduled post, delete everywhere, remove from all networks, "
        "unschedule, take down a post, get rid of a post, remove post, drop a draft, call off a post, bin a post, "
        "erase a post",
    ),
    "retry_post": (
        "publish again where it failed",
        "try a failed post again, resend failed post, republish, repost failed ones, failed to publish, give it "
        "another try, publish failed again, repeat a failed post, once more to the failed networks",
    ),
    "unpublish_post": (
        "take a live post off the networks, keep its record",
        "take down a tweet, pull a post, remove from Facebook but keep here, take offline, unpost, withdraw a post, "
        "take down a post, keep our copy, only from Facebook, offline on one channel, take down from X, from one "
        "network only, keep on the other networks, remove from a single channel, remove on one platform",
    ),
    "get_post_metrics": (
        "likes, comments, shares and views of one post",
        "how did the post do, post performance, post analytics, engagement, impressions, reach of a post, views of a "
        "video, stats of a tweet, numbers of a post, saves, clicks, results of a post, how well did it do, how many "
        "views, how many comments, success of a post, numbers for a carousel, best post, interactions of a post, "
        "watch time, analytics of the last post, statistics of one post",
    ),
    "import_posts": (
        "load many posts from a CSV file",
        "bulk upload, bulk schedule, spreadsheet, Excel sheet of posts, mass upload, content plan from a file, "
        "import a plan, content plan in Excel, load a spreadsheet, many posts at once, upload CSV, posts from a "
        "table",
    ),
    "get_platform_constraints": (
        "what each network allows: length, media, carousels",
        "character limit, caption length, max video length, image size, aspect ratio, file size, hashtags allowed, "
        "number of pictures, specs, requirements, networks compared, how long, how many letters, maximum length of a "
        "tweet, longest video, what is allowed, accepted formats, how many pictures, supported file types, rules of "
        "a network, maximum size, allowed length, character count, which file formats, GIF allowed, how big may an "
        "image be, accepts, number of hashtags, how many hashtags, how many tags",
    ),
    "validate_post": (
        "check a post against the networks' rules, nothing is sent",
        "too long, is the video okay, dry run, test a post, preflight, problems with a post, any mistakes, is it "
        "okay to publish, would it be accepted, check before publishing, check caption, errors in a draft, is a post "
        "OK on all networks, good to go, are all networks fine with it",
    ),
    "publish_post": (
        "publish what was drafted or planned, now",
        "push live, go live, send out immediately, release a draft, post the draft, send it now, release now, "
        "publish a finished draft, publish a scheduled post earlier, out with it, do it now",
    ),
    "list_media": (
        "pictures and videos in the library",
        "photos, images, uploaded files, assets, which pictures do we have, media library, gallery, uploaded videos, "
        "uploaded images, what was uploaded, our files, our images, our clips, latest uploads, stock of pictures, "
        "photo collection, picture archive, show photos, stored images, all stored files",
    ),
    "delete_media": (
        "remove a file from the library",
        "delete a picture, delete image, delete photo, delete video from library, throw away a file, clean up "
        "assets, picture not needed, video not needed, remove a video from our files, delete an upload, delete a "
        "clip",
    ),
    "get_media_storage": (
        "how much space files take, and what is left",
        "storage left, free space, disk space, quota for files, gigabytes, room for uploads, storage full, "
        "megabytes, memory, how much room, space used",
    ),
    "create_upload_url": (
        "get an address to upload a large file to",
        "big file, huge video, large video upload, gigabytes, 4K, presigned address, hundred megabytes, 100 MB, 500 "
        "MB, 1 GB, upload link, long video, too large to upload, file over 50 MB",
    ),
    "upload_media": (
        "put a picture or short video into the library",
        "upload a photo, upload image, upload a jpg, png, gif, mp4, add a logo, add a picture to the media library, "
        "store a picture, save an image, put a file into the library, attach a picture, here is a picture, send you "
        "a file, picture for later use, store a photo for future posts, keep a picture",
    ),
    "verify_media": (
        "make an upload usable after the PUT",
        "upload finished, upload complete, done uploading, confirm the file arrived, finalise upload, is the upload "
        "ready, after uploading, finish upload, uploading done, upload of the film is over, confirm upload",
    ),
    "create_export": (
        "start a spreadsheet of an account's video numbers",
        "export analytics, Excel, xlsx, report, TikTok stats export, video statistics, transcripts, download "
        "numbers, run a report, make a report, video report, analytics report, generate statistics, pull the data",
    ),
    "list_exports": (
        "the exports made so far",
        "earlier reports, past exports, previous reports, old exports, my exports, reports list, all reports",
    ),
    "get_export": (
        "whether an export is done, and its download link",
        "export progress, download the report, download link, download the spreadsheet, export done, status of the "
        "export, finished report, where is my report",
    ),
    "list_export_videos": (
        "the videos in an export",
        "videos of a report, rows of an export, results of the export, clips in an export, content of a report",
    ),
    "accept_instagram_collaboration": (
        "say yes to co-authoring a post",
        "accept collab, collab invite, collab request, approve collaboration, join a collab post, agree to a "
        "collaboration, yes to co-author, appear as co-author",
    ),
    "decline_instagram_collaboration": (
        "say no to co-authoring a post",
        "decline collab, turn down collab, reject collab request, refuse collaboration, ignore collab invite, refuse "
        "co-author, do not want the collab, no to collaboration",
    ),
    "list_instagram_collaborators": (
        "who was invited to co-author a post, and their answers",
        "collab partners, who accepted the collab, state of a collab, collab answers, co-authors, partners of a "
        "collab, is the collab accepted, invited partners",
    ),
    "get_instagram_participant": (
        "who someone in our Instagram DMs is",
        "profile of a sender, sender's followers, who is DMing, who writes to us, profile of a customer, info about "
        "a user who wrote, Instagram user in a DM",
    ),
    "list_instagram_stories": (
        "the stories of the last 24 hours",
        "our stories, current story, active stories, live stories, today's stories, insta stories, what is in our "
        "story, story now, stories posted",
    ),
    "get_instagram_summary": (
        "Instagram followers and the month's totals",
        "insta follower count, how many followers, Instagram stats, profile views, growth, account insights, "
        "Instagram analytics, last 30 days, Instagram growth, new followers, Instagram audience, performance of our "
        "Instagram, Instagram overview, Instagram impressions, how is Instagram doing",
    ),
    "list_facebook_login_pages": (
        "every page a Facebook login manages",
        "all FB pages, pages of a login, free pages, pages not used yet, which brand has which page, unassigned "
        "pages, pages to assign, which pages can I add, pages of my login",
    ),
    "assign_facebook_page": (
        "give a Facebook page to a brand",
        "attach FB page, distribute pages, page for a brand, put a page under a client, allot a page, hand a page "
        "over, link a page to a brand",
    ),
    "get_youtube_summary": (
        "YouTube subscribers, videos and views",
        "subscriber count, how many subscribers, channel stats, YT analytics, total views, channel growth, YouTube "
        "growth, YouTube stats, how is YouTube doing, channel overview",
    ),
    "sync_youtube_account": (
        "fetch the newest YouTube videos now",
        "refresh channel, update uploads, fetch uploads, channel out of date, missing YouTube video, load new "
        "YouTube videos",
    ),
    "update_youtube_video": (
        "change a video that is live on YouTube",
        "edit video title, change description, make video unlisted, make private, already on YouTube, rename video, "
        "new title, video description, YouTube tags, hide a YouTube video, make video public, edit YouTube video",
    ),
    "edit_youtube_comment": (
        "reword a comment we wrote on YouTube",
        "correct our comment, fix typo in our YouTube comment, change our own comment, edit reply, change what we "
        "commented on YouTube, change our reply on YouTube",
    ),
    "moderate_youtube_comment": (
        "approve, hold or reject a YouTube comment; ban its author",
        "held for review, comments waiting for approval, approve comments, ban a user, block a viewer, reject a "
        "comment, spammer, release a YouTube comment, pending YouTube comments, throw out a viewer, hold a comment "
        "back",
    ),
    "get_tiktok_summary": (
        "TikTok followers, likes and videos",
        "TikTok follower count, how many followers, TikTok stats, TikTok analytics, growth, TikTok growth, TikTok "
        "audience, how is TikTok doing, TikTok likes, TikTok overview",
    ),
    "sync_tiktok_account": (
        "fetch the newest TikToks now",
        "refresh TikTok, new videos missing, update videos, TikTok out of date, new TikToks missing, load new TikTok "
        "videos, fetch TikTok videos",
    ),
    "list_pinterest_boards": (
        "the Pinterest boards",
        "our boards, which boards, boards to pin to, collections, folders for pins, Pinterest collections, board ids",
    ),
    "create_pinterest_board": (
        "make a Pinterest board",
        "new board, start a board, add a board, add Pinterest board, new collection, make a board, open a board",
    ),
    "delete_pinterest_board": (
        "delete a board and its pins",
        "remove a board, get rid of a board, board not needed, erase a board, delete collection",
    ),
    "update_pinterest_board": (
        "rename a board or change who sees it",
        "secret board, private board, public board, edit board, board description, hide a board, board name, rename "
        "board, change a board, board visible to all",
    ),
    "list_pinterest_pins": (
        "our newest pins",
        "latest pins, our pins, recent pins, newest pins, what is on Pinterest, pins we made",
    ),
    "get_pinterest_summary": (
        "Pinterest followers and totals",
        "Pinterest stats, monthly views, Pinterest analytics, Pinterest overall, Pinterest growth, Pinterest "
        "followers, Pinterest views, Pinterest numbers",
    ),
    "get_linkedin_insights": (
        "LinkedIn page followers and post numbers",
        "company page stats, LinkedIn analytics, LinkedIn followers, LinkedIn performance, page reach, impressions, "
        "LinkedIn growth, LinkedIn numbers, company page followers, LinkedIn audience, LinkedIn stats",
    ),
}
