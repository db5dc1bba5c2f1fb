"""Judges PAdES signatures of level B and T by pyHanko: octets, value, path to the root, time stamp; no revocation data.

Arguments: FILE ROOT TIME. Prints one line per signature: field name, OK or what is wrong, and the time stamp's time.
"""

import asyncio
import sys
from datetime import datetime

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

file, root, time = sys.argv[1:4]
with open(root, "rb") as f:
    anchor = x509.Certificate.load(f.read())


def context():
    return ValidationContext(trust_roots=[anchor], allow_fetching=False, moment=datetime.fromisoformat(time))


with open(file, "rb") as f:
    for signature in PdfFileReader(f).embedded_regular_signatures:
        status = asyncio.run(async_validate_pdf_signature(signature, context(), context()))
        stamp = status.timestamp_validity
        stamped = "" if stamp is None else f" {stamp.timestamp.isoformat()} {stamp.valid and stamp.trusted}"
        print(signature.field_name, ("OK" if status.bottom_line else status.summary()) + stamped)
