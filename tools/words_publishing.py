"""How a manager calls the operations of posts, media and reports; see `tools.words`."""

from collections.abc import Mapping

PUBLISHING: Mapping[str, tuple[str, str]] = {
    "create_post": (
        "write a post: draft, scheduled, or published at once",
        "new post, tweet, tweet now, reel, story, post a story, share a photo, video, short, carousel, thread on X, "
        "pin, schedule a post, plan a post, post tomorrow, post on Friday, save a draft, caption, cross-post, GMB "
        "update, offer, status update, announce, schedule a publication, publish on Monday, post for next week, "
        "programme a post, publish a carousel, post a picture, share a link, compose, write something for LinkedIn, "
        "new content, prepare a post, draft a post, post in the evening, post right away, post every network, share "
        "on Facebook, upload to TikTok, go out on Monday, event post, create a pin, pin an image, pin from a photo, "
        "get an announcement out, put out a post, put a clip on, business update on Google, Google post, write up "
        "something, publish a video, line up a post, set up a post, blog link, announce on, say on X, new reel, new "
        "video, new pin, put something on, share with followers, go live on, write a tweet, thread about, push to all "
        "channels, plan a reel, make a story, repost a picture, share the photo, crosspost, say something on, get the "
        "word out, let our followers know, story about, post about, tell our followers, tell the world, put on our "
        "channels, advertise our event, promote our product, promote on, update on LinkedIn, something for threads, "
        "infographic, poll, job ad, vacancy post, invite followers",
    ),
    "list_posts": (
        "posts by state and time: drafts, scheduled, published, failed",
        "content calendar, calendar, scheduled posts, upcoming posts, planned, queue, failed posts, posts this week, "
        "next week, search posts, past posts, published posts, drafts, failed, which posts failed, open drafts, "
        "publication plan, editorial calendar, publication queue, planned content, posts of a client, posts in a "
        "month, yesterday, schedule overview, what is scheduled, what is coming up, unpublished posts, old posts, "
        "recent posts, all posts, in the pipeline, lined up, to be approved, waiting for approval, anything planned, "
        "fail to publish, did anything fail, what did we post, what have we posted, what went out, upcoming content, "
        "what is queued, scheduled content, next month, weekend posts, what is going out, posts about a topic, did we "
        "already post, drafts list, planned posts, recent publications, overview of posts, all scheduled, plan for "
        "March, plan for the month, draft posts, errored posts, publishing calendar, content for next week, posts "
        "still to come, what is left to publish, week's schedule, posting schedule, content schedule, schedule for "
        "the week, our schedule, month's posts, what are we posting, what do we publish, what goes out, what is going "
        "live, publishing this week, content on a day, what is out on, shared last week",
    ),
    "get_post": (
        "one post and how it went on each network",
        "open a post, post details, post status, where is it live, link to the post, did it publish everywhere, "
        "outcome on every network, is it live, is the post online, already published, link of the post, check on a "
        "post, why did the post fail, state of a post, see one post, already live, live yet, is it online, permalink, "
        "why did it not show up, did it land, landed on all channels, which network failed, reason for failing, post "
        "errors, is the post out, link on the network, post went out, when does it go out, when is it scheduled, went "
        "live, what happened to the post, post missing on a network, why did it not appear, not on TikTok, missing on "
        "a network, did not appear, is it on TikTok, show up on a network, appear on Instagram, live URLs, it is "
        "live, check whether it is live, look at a post",
    ),
    "update_post": (
        "change the text, time or pictures of a post",
        "edit a post, edit a draft, edit caption, reschedule, move a post, push back a post, postpone, post earlier, "
        "change the time, swap photo, fix a typo, add a hashtag, hide a post from lists, swap the picture, another "
        "time, move to Monday, earlier, later, correct the text, rewrite the caption, change a post, edit a scheduled "
        "post, add a picture to a draft, different time, reschedule a video, move to another day, change the date, "
        "different day, first comment of a scheduled post, bring forward, bring a post forward, delay a post, swap "
        "the hashtag, wrong date in a post, mistake in the caption, replace the picture, reword a post, add a link to "
        "the post, another caption, change scheduling, later in the day, shift the post, correct a scheduled post, "
        "remove a hashtag, tomorrow instead, exchange the video, hours later, go out later, two hours earlier, an "
        "hour earlier, publish later instead",
    ),
    "delete_post": (
        "delete a post here and on the networks",
        "trash a draft, delete draft, cancel a scheduled post, delete everywhere, remove from all networks, "
        "unschedule, take down a post, get rid of a post, remove post, drop a draft, call off a post, bin a post, "
        "erase a post, don't publish after all, must not be published, drop the post, cancel publication, stop a "
        "scheduled post, wipe the post, discard a draft, pull the scheduled post, throw away a draft, forget the "
        "draft, remove the post everywhere",
    ),
    "retry_post": (
        "publish again where it failed",
        "try a failed post again, resend failed post, republish, repost failed ones, failed to publish, give it "
        "another try, publish failed again, repeat a failed post, once more to the failed networks, another go, have "
        "another go, failed publication again, network rejected the post, did not get through, publishing failed, "
        "failed to go out, rejected by a network, push again, attempt again, second attempt",
    ),
    "unpublish_post": (
        "take a live post off the networks, keep its record",
        "take down a tweet, pull a post, remove from Facebook but keep here, take offline, unpost, withdraw a post, "
        "take down a post, keep our copy, only from Facebook, offline on one channel, take down from X, from one "
        "network only, keep on the other networks, remove from a single channel, remove on one platform, take off X, "
        "leave the rest, off one network, pull from LinkedIn, remove from YouTube only, no longer on Facebook, take "
        "down but keep, hide from the network, remove the live version, off the page",
    ),
    "get_post_metrics": (
        "likes, comments, shares and views of one post",
        "how did the post do, post performance, post analytics, engagement, impressions, reach of a post, views of a "
        "video, stats of a tweet, numbers of a post, saves, clicks, results of a post, how well did it do, how many "
        "views, how many comments, success of a post, numbers for a carousel, best post, interactions of a post, "
        "watch time, analytics of the last post, statistics of one post, many saw it, was it a success, engagement "
        "rate, reach of the carousel, views so far, how did it perform, how is the reel doing, post results, how well "
        "received, how popular, click numbers, video views, reactions count, performance of a post",
    ),
    "import_posts": (
        "load many posts from a CSV file",
        "bulk upload, bulk schedule, spreadsheet, Excel sheet of posts, mass upload, content plan from a file, import "
        "a plan, content plan in Excel, load a spreadsheet, many posts at once, upload CSV, posts from a table, month "
        "of posts, CSV with posts, upload the content plan, list of posts from Excel, table of posts, batch of posts, "
        "ingest a file, sheet with posts, migrate posts, Google sheet",
    ),
    "get_platform_constraints": (
        "what each network allows: length, media, carousels",
        "character limit, caption length, max video length, image size, aspect ratio, file size, hashtags allowed, "
        "number of pictures, specs, requirements, networks compared, how long, how many letters, maximum length of a "
        "tweet, longest video, what is allowed, accepted formats, how many pictures, supported file types, rules of a "
        "network, maximum size, allowed length, character count, which file formats, GIF allowed, how big may an "
        "image be, accepts, number of hashtags, how many hashtags, how many tags, how many pictures fit, long for "
        "shorts, how long may a reel be, dimensions, resolution, how big, maximum duration, technical requirements, "
        "size limits, number of images, which formats, pixel size, what does a reel need, is a GIF possible, can a "
        "post have",
    ),
    "validate_post": (
        "check a post against the networks' rules, nothing is sent",
        "too long, is the video okay, dry run, test a post, preflight, problems with a post, any mistakes, is it okay "
        "to publish, would it be accepted, check before publishing, check caption, errors in a draft, is a post OK on "
        "all networks, good to go, are all networks fine with it, would it be refused, any network object, pass the "
        "checks, would this work, is it allowed, check a caption, sanity check, will it be rejected, test the text, "
        "does it fit, review a draft for errors, anything wrong with it, any problem with",
    ),
    "publish_post": (
        "publish what was drafted or planned, now",
        "push live, go live, send out immediately, release a draft, post the draft, send it now, release now, publish "
        "a finished draft, publish a scheduled post earlier, out with it, do it now, don't wait, with the draft, the "
        "draft out, let it go out, send it off, put it live, launch the post, push the button, ahead of schedule, "
        "publish it already, approve and publish",
    ),
    "list_media": (
        "pictures and videos in the library",
        "photos, images, uploaded files, assets, which pictures do we have, media library, gallery, uploaded videos, "
        "uploaded images, what was uploaded, our files, our images, our clips, latest uploads, stock of pictures, "
        "photo collection, picture archive, show photos, stored images, all stored files, have a photo, find the "
        "logo, find a picture, photo of, search files, browse files, files of the brand, what is in the library, "
        "which videos do we have, already uploaded, look for an image",
    ),
    "delete_media": (
        "remove a file from the library",
        "delete a picture, delete image, delete photo, delete video from library, throw away a file, clean up assets, "
        "picture not needed, video not needed, remove a video from our files, delete an upload, delete a clip, clean "
        "out pictures, remove a photo, erase a file, old files, delete unused images, picture nobody needs, free up "
        "space, get rid of a video file",
    ),
    "get_media_storage": (
        "how much space files take, and what is left",
        "storage left, free space, disk space, quota for files, gigabytes, room for uploads, storage full, megabytes, "
        "memory, how much room, out of space, how full, library full, space used by files, remaining storage, how big "
        "is our library, storage quota, fill level",
    ),
    "create_upload_url": (
        "get an address to upload a large file to",
        "big file, huge video, large video upload, gigabytes, 4K, presigned address, hundred megabytes, 100 MB, 500 "
        "MB, 1 GB, upload link, long video, too large to upload, file over 50 MB, hundreds of megabytes, 800 MB, "
        "signed URL, direct upload, upload address, very large video, several gigabytes, PUT address",
    ),
    "upload_media": (
        "put a picture or short video into the library",
        "upload a photo, upload image, upload a jpg, png, gif, mp4, add a logo, add a picture to the media library, "
        "store a picture, save an image, put a file into the library, attach a picture, here is a picture, send you a "
        "file, picture for later use, store a photo for future posts, keep a picture, save this picture, put this in "
        "the library, take this file, use it later, base64 image, from a URL, import an image, add an image to our "
        "files, new image, photo for later, into our assets, keep for later posts, product photo for later",
    ),
    "verify_media": (
        "make an upload usable after the PUT",
        "upload finished, upload complete, done uploading, confirm the file arrived, finalise upload, is the upload "
        "ready, after uploading, finish upload, uploading done, upload of the film is over, confirm upload, I have "
        "PUT the bytes, bytes are there, file is uploaded, after the PUT, mark upload complete, complete the upload, "
        "upload went through, tell that upload is done, check the upload",
    ),
    "create_export": (
        "start a spreadsheet of an account's video numbers",
        "export analytics, Excel, xlsx, report, TikTok stats export, video statistics, transcripts, download numbers, "
        "run a report, make a report, video report, analytics report, generate statistics, pull the data, pull a "
        "table, table of clips, CSV of our videos, performance spreadsheet, how clips performed, start an export, "
        "data dump, get the raw numbers, export videos",
    ),
    "list_exports": (
        "the exports made so far",
        "earlier reports, past exports, previous reports, old exports, my exports, reports list, all reports, from "
        "last quarter, list reports, which exports, all exports, what was exported, export history, reports we made",
    ),
    "get_export": (
        "whether an export is done, and its download link",
        "export progress, download the report, download link, download the spreadsheet, export done, status of the "
        "export, finished report, where is my report, report been generated, is the export finished, file of the "
        "export, spreadsheet ready, export state, spreadsheet finished, get the report, where is the file, export "
        "job, job status",
    ),
    "list_export_videos": (
        "the videos in an export",
        "videos of a report, rows of an export, results of the export, clips in an export, content of a report, clips "
        "in the report, what does the report contain, which clips, contents of an export, video rows, per video "
        "numbers",
    ),
}
