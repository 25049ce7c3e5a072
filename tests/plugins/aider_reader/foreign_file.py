"""A chat of aider, made up: two sessions after the end of one that was cut off."""

from __future__ import annotations

from pathlib import Path

CHAT = """\
> the end of an older session

# aider chat started at 2026-03-01 10:00:00

> /usr/bin/aider report.py
> Aider v0.86.0
> Main model: some/model-1 with diff edit format
> Git repo: .git with 12 files

#### Add a total
#### to the report, <please>

I add it to `report.py`:

report.py
```python
<<<<<<< SEARCH
print("x")
=======
print("x")
print(total)
>>>>>>> REPLACE
```

Then the tests.

> Tokens: 2.1k sent, 1.0k cache hit, 150 received. Cost: $0.01 message, $0.02 session.
> Applied edit to report.py
> Commit 1234567 feat: Add total

#### /exit

# aider chat started at 2026-03-02 11:30:00

> Aider v0.86.0
> Model: other with whole edit format

#### Fix it

notes.txt
```
<<<<<<< SEARCH
old
=======
new
>>>>>>> REPLACE
```

> The LLM did not conform to the edit format.
> # 1 SEARCH/REPLACE block failed to match!
"""


def write_file(folder: Path) -> Path:
    """Write the chat as aider names it."""
    path = folder / ".aider.chat.history.md"
    path.write_bytes(CHAT.encode())
    return path
