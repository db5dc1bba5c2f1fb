"""Judges a detached CAdES signature by pyHanko with the certificates and revocation data in it, nothing from the network.

Arguments: CMS CONTENT ROOT TIME. Prints `OK` or what is wrong, then the genTime of the signature time stamp.
"""

import asyncio
import sys
from datetime import datetime

from asn1crypto import cms, ocsp, x509
from pyhanko.sign.validation import async_validate_detached_cms
from pyhanko_certvalidator import ValidationContext

file, content, root, time = sys.argv[1:5]
with open(root, "rb") as f:
    anchor = x509.Certificate.load(f.read())
with open(file, "rb") as f:
    signed_data = cms.ContentInfo.load(f.read())["content"]
certificates = [c.chosen for c in signed_data["certificates"]]
crls = [r.chosen for r in signed_data["crls"] if r.name == "crl"]
ocsps = [r.chosen["other_rev_info"].parse(ocsp.OCSPResponse) for r in signed_data["crls"] if r.name == "other"]


def context():
    return ValidationContext(
        trust_roots=[anchor],
        other_certs=certificates,
        crls=crls,
        ocsps=ocsps,
        revocation_mode="require",
        moment=datetime.fromisoformat(time),
    )


with open(content, "rb") as f:
    status = asyncio.run(async_validate_detached_cms(f.read(), signed_data, context(), context()))
stamp = status.timestamp_validity
good = status.bottom_line and stamp is not None and stamp.valid and stamp.trusted
print("OK" if good else status.summary(), stamp.timestamp.isoformat() if stamp else "")
