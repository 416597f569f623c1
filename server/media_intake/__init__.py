"""`add_media`: a file from wherever it lies into the media library, checked against the platforms it is meant for.

`add_media` and what it needs are in `tool`, the page in the browser in `upload_page`, the way to the API in `sending`.
"""
