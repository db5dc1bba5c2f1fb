import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DevPki } from "@hocba/certs/dev-pki";
import { parseCertificate } from "@hocba/certs/x509";
import { provisionSoftHsm, type SoftHsmToken } from "@hocba/hsm-adapters/provision";
import type { Ledger } from "../ledger/index.ts";
import type { SampleClass, StaffMember } from "./sample-class/index.ts";

export const DEMO_TOKEN = "demo";
const ACTOR = "demo";

/** CKA_ID of a member's key: the first 16 octets of a digest of the member's id, lower-case hex. */
const keyId = (member: StaffMember): string => createHash("sha256").update(member.id).digest("hex").slice(0, 32);

/** A secret of this data directory, made at the first run. */
function secretFile(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(12).toString("hex"), { mode: 0o600, flag: "wx" });
  return readFileSync(file, "utf8");
}

export interface DemoSigners {
  readonly token: SoftHsmToken;
  readonly pinFile: string;
}

/**
 * Gives every member of the staff a key in a SoftHSM token, a certificate of the dev PKI and a binding in the registry for
 * each role. What an earlier run left is used again.
 */
export async function enrolStaff(
  sample: SampleClass,
  pki: DevPki,
  ledger: Ledger,
  dataDir: string,
): Promise<DemoSigners> {
  const pinFile = join(dataDir, "token.pin");
  const members = sample.staff.members;
  const token = await provisionSoftHsm({
    dataDir: join(dataDir, "token"),
    label: "hocba-demo",
    pin: secretFile(pinFile),
    soPin: secretFile(join(dataDir, "token.so-pin")),
    keys: members.map((member) => ({ id: keyId(member), label: member.id, algorithm: "rsa-2048" as const })),
  });
  const { school } = sample;
  await ledger.registry.putSchool({ code: school.code, name: school.name }, ACTOR);
  const bound = new Set((await ledger.registry.bindings(school.code)).map((binding) => binding.id));
  for (const member of members) {
    const missing = member.roles.filter((_, i) => !bound.has(bindingId(member, i)));
    if (missing.length === 0) continue;
    const { uids, ...subject } = member.certificateSubject;
    const certificate = await pki.issue({
      publicKeySpki: token.publicKeys.get(keyId(member))!,
      subject: { ...subject, uid: uids },
      kind: member.kind,
    });
    await token.storeCertificate(keyId(member), certificate);
    await ledger.registry.putSigner(
      { id: member.id, kind: member.kind, name: member.name, school: school.code },
      ACTOR,
    );
    const { notBefore, notAfter } = parseCertificate(certificate);
    for (const [i, role] of member.roles.entries()) {
      if (bound.has(bindingId(member, i))) continue;
      await ledger.registry.addBinding(
        {
          id: bindingId(member, i),
          signerId: member.id,
          school: school.code,
          role: role.role,
          subjects: role.role === "subject-teacher" ? [role.subjectCode] : null,
          classes: role.role === "homeroom-teacher" ? [sample.className] : null,
          certificate,
          chain: [pki.issuing.certificate],
          algorithm: "rsa-pkcs1-sha256",
          key: { token: DEMO_TOKEN, ckaId: keyId(member) },
          validFrom: notBefore,
          validTo: notAfter,
        },
        ACTOR,
      );
    }
  }
  return { token, pinFile };
}

const bindingId = (member: StaffMember, role: number): string => `${member.id}/${role}`;
