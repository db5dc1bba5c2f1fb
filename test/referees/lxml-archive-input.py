"""The message imprint of the last ArchiveTimeStamp of a XAdES signature by EN 319 132-1 clause 5.5.2.2, canonicalised by lxml.

Arguments: FILE SIGNATURE-ID. For signatures whose references are same-document ones with exclusive canonicalisation alone.
Prints SHA-256 of the octets in hex.
"""

import hashlib
import sys

from lxml import etree

DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
XADES141 = "{http://uri.etsi.org/01903/v1.4.1#}"

tree = etree.parse(sys.argv[1])
signature = tree.xpath("//*[@Id=$id]", id=sys.argv[2])[0]
digest = hashlib.sha256()


def add(element):
    digest.update(etree.tostring(element, method="c14n", exclusive=True, with_comments=False, with_tail=False))


for reference in signature.find(f"{DS}SignedInfo").findall(f"{DS}Reference"):
    add(tree.xpath("//*[@Id=$id]", id=reference.get("URI")[1:])[0])
for name in ("SignedInfo", "SignatureValue", "KeyInfo"):
    add(signature.find(DS + name))
properties = signature.find(f".//{XADES}UnsignedSignatureProperties")
last = properties.findall(f"{XADES141}ArchiveTimeStamp")[-1]
for each in properties:
    if each is last:
        break
    add(each)
for each in signature.findall(f"{DS}Object"):
    if each.find(f"{XADES}QualifyingProperties") is None:
        add(each)
print(digest.hexdigest())
