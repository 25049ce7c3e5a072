#!/usr/bin/env python3
"""Write a thumbnail of every picture in a folder."""

import argparse
from pathlib import Path

from PIL import Image


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--size", type=int, default=256)
    arguments = parser.parse_args()
    for path in sorted(arguments.source.glob("*.[jp][pn]g")):
        with Image.open(path) as picture:
            picture.thumbnail((arguments.size, arguments.size))
            picture.convert("RGB").save(arguments.target / f"{path.stem}.jpg", quality=85)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
