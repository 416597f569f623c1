"""How a manager calls every operation: one line each, and further words for the search.

The line is shown by `find_operations`; the further words, phrases between commas, are only searched. What is said in
other languages, and for single words, is in `tools.words_languages` and `tools.words_glossary`.
"""

from collections.abc import Mapping

from tools.words_accounts import ACCOUNTS
from tools.words_developing import DEVELOPING
from tools.words_inbox import INBOX
from tools.words_platforms import PLATFORMS
from tools.words_publishing import PUBLISHING

WORDS: Mapping[str, tuple[str, str]] = {**INBOX, **PUBLISHING, **PLATFORMS, **ACCOUNTS, **DEVELOPING}
"""Operation → (its line, further words)."""
