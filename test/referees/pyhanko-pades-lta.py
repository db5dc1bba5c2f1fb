"""Judges PAdES signatures by pyHanko, with what the file holds and nothing from the network: those under a document time stamp
by its implementation of EN 319 102-1 for LTA, others by the certificates and revocation data of the security store.

Arguments: FILE ROOT TIME, the time of validation in ISO 8601. Prints one line per signature: field name and indication.
"""

import asyncio
import sys
from datetime import datetime

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import DocumentSecurityStore, async_validate_pdf_signature
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

file, root, time = sys.argv[1:4]
time = datetime.fromisoformat(time)
with open(root, "rb") as f:
    root_certificate = x509.Certificate.load(f.read())
anchor = CertTrustAnchor(root_certificate)
spec = PdfSignatureValidationSpec(
    SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=[anchor]),
            revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
        ),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
        ),
    )
)
with open(file, "rb") as f:
    reader = PdfFileReader(f)
    for signature in reader.embedded_regular_signatures:
        if reader.embedded_timestamp_signatures:
            timing = ValidationTimingInfo(
                validation_time=time, point_in_time_validation=True, best_signature_time=time
            )
            result = asyncio.run(ades_lta_validation(signature, spec, timing_info=timing))
            print(signature.field_name, result.ades_subindic.standard_name)
        else:
            context = {"trust_roots": [root_certificate], "revocation_mode": "require", "moment": time}
            store = DocumentSecurityStore.read_dss(reader).as_validation_context(context)
            status = asyncio.run(async_validate_pdf_signature(signature, store, store))
            print(signature.field_name, "OK" if status.bottom_line else status.summary())
