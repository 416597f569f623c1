"""What every page of the local API looks like: one style, no script, and headers that allow nothing else."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

COLOURS = """
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--ink:#1c2430;--soft:#566173;--line:#c9d0da;--go:#1257c4}
@media(prefers-color-scheme:dark){:root{--ground:#12161c;--card:#1b222c;--ink:#e8edf4;--soft:#a3afbf;--line:#3a4656;--go:#7fb0ff}}
"""
STYLE = (
    COLOURS
    + """
*{box-sizing:border-box}fieldset{min-width:0}main{overflow-wrap:anywhere}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;padding:16px}
main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:24px}
.mark{display:inline-block;border:1px solid var(--line);border-radius:6px;padding:2px 8px;color:var(--soft);font-size:.85rem}
h1{font-size:1.35rem;margin:.75rem 0 .5rem}p{margin:.5rem 0;color:var(--soft)}label{display:block;margin:1rem 0 .25rem;font-weight:600}
fieldset{border:1px solid var(--line);border-radius:8px;margin:1rem 0 0;padding:8px 12px}legend{padding:0 4px;font-weight:600}
.choice{display:flex;gap:10px;align-items:flex-start;margin:.5rem 0;font-weight:400}.choice small{color:var(--soft)}.wrong{color:inherit;font-weight:600}
input[name=handle],select{width:100%;padding:10px;border:1px solid var(--line);border-radius:8px;background:transparent;color:inherit;font:inherit}
.actions{display:flex;gap:12px;margin-top:1.25rem}button{flex:1;padding:10px;border-radius:8px;border:1px solid var(--line);background:transparent;color:inherit;font:inherit;cursor:pointer}
button.go{background:var(--go);border-color:var(--go);color:var(--card);font-weight:600}
::placeholder{color:var(--soft);opacity:1}
:focus-visible{outline:3px solid var(--go);outline-offset:2px}
"""
)
HEADERS = {
    # form-action is left open: the form's answer redirects to the caller's own address.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def go(address: str, query: dict[str, str]) -> Response:
    """302 to an address, its own query kept."""
    parts = urlsplit(address)
    joined = "&".join(filter(None, (parts.query, urlencode(query))))
    return RedirectResponse(urlunsplit(parts._replace(query=joined)), 302, headers=HEADERS)


def page(title: str, body: str, *, status: int = 200) -> Response:
    """One page; `title` and `body` are escaped already."""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} (local)</title><style>{STYLE}</style></head>"
        f'<body><main><span class="mark">Local simulation</span><h1>{title}</h1>{body}</main></body></html>'
    )
    return HTMLResponse(html, status, headers=HEADERS)
