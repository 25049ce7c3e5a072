#!/usr/bin/env python3
"""List the form fields of a PDF as JSON, one object a field."""

import json
import sys

from pypdf import PdfReader


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: fields.py FORM.pdf", file=sys.stderr)
        return 2
    for name, field in (PdfReader(sys.argv[1]).get_fields() or {}).items():
        print(json.dumps({"name": name, "type": str(field.get("/FT")), "value": str(field.value)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
