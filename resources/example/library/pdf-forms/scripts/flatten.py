#!/usr/bin/env python3
"""Make filled fields part of the page, so that every viewer prints them."""

import sys

from pypdf import PdfWriter


def main() -> int:
    if len(sys.argv) != 3:
        print("usage: flatten.py FILLED.pdf OUT.pdf", file=sys.stderr)
        return 2
    writer = PdfWriter(clone_from=sys.argv[1])
    writer.remove_annotations(subtypes="/Widget")
    writer.write(sys.argv[2])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
