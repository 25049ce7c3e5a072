"""Count the lines of a file: replace this by the work of your skill."""

import sys
from pathlib import Path


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: run.py FILE", file=sys.stderr)
        return 2
    path = Path(sys.argv[1])
    if not path.is_file():
        print(f"{path} is not a file", file=sys.stderr)
        return 1
    print(f"{path}: {len(path.read_bytes().splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
