import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { C14N_10, c14nMethodOf, canonicalize, descendants, subtree } from "@hocba/signatures/xml";
import { describe, expect, it } from "vitest";
import { sharedPath } from "../shared-material.ts";
import { externalData, type Judged, judgeAll, parseVector, readBytes, readIf } from "./xml-vectors.ts";

const folder = sharedPath("corpora/santuario");

/** Files whose very name says that they must not verify. */
const BROKEN = /bad-|[iI]nvalid/;
/**
 * XSLT, the draft of XPath filter 2 with another syntax, and an enveloped transform on what lies inside the signature itself,
 * of which nothing is left by XMLDSig §6.6.4 (Santuario leaves it whole): refused, hence never intact.
 */
const REFUSED = /merlin-xmldsig-filter2-one|Arbeidstijd|dsig\/signature1\.xml|envelopingSignatureEd/;
/** What these sign did not come with the vectors. */
const ABSENT = /signatureTypesSignature|base64DecodeSignature|signatureWithExternalReference|test-assertion/;
/** Published garbled (text cut off or doubled), or empty where the digest says otherwise. */
const GARBLED = ["enveloping-b64-dsa-c14n-0.txt", "enveloping-dsa-c14n-1.txt", "Y4/c14n-25.txt"];

function judge(file: string): Judged[] {
  const at = join(folder!, dirname(file));
  const anonymous = join(folder!, "at/iaik/ixsil/coreFeatures/samples/anonymousReferenceContent.xml");
  return judgeAll(parseVector(readBytes(join(folder!, file))), (uri) =>
    uri === null ? readIf(anonymous) : (externalData(uri) ?? (uri.includes("://") ? null : readIf(join(at, uri)))),
  );
}

describe.skipIf(!folder)("Santuario vectors", { timeout: 60_000 }, () => {
  const files: string[] = folder
    ? JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"))
        .map((e: { file: string }) => e.file)
        .filter((f: string) => f.endsWith(".xml") && readFileSync(join(folder, f), "latin1").includes("SignedInfo"))
    : [];

  it("verify by name: what is called bad is refused, in the rest nothing is broken", () => {
    const wrong: string[] = [];
    let sound = 0;
    let refused = 0;
    for (const file of files) {
      let judged: Judged[];
      try {
        judged = judge(file);
      } catch (error) {
        if (!BROKEN.test(file)) wrong.push(`${file}: ${error}`);
        refused++;
        continue;
      }
      const all = judged.every((j) => j.sound);
      const broken = judged.some(
        (j) => j.value === "invalid" || j.signature.references.some((r) => r.status === "broken"),
      );
      if (BROKEN.test(file) || REFUSED.test(file)) {
        if (all) wrong.push(`${file}: intact`);
        refused++;
      } else if (broken || (!all && !ABSENT.test(file) && judged.some((j) => j.value === "valid"))) {
        wrong.push(`${file}: ${judged.map((j) => `${j.value} ${j.signature.references.map((r) => r.status)}`)}`);
      } else if (all) sound++;
    }
    console.log(
      `santuario: ${sound} sound, ${refused} refused rightly, of ${files.length} (others want a shared secret, key or content)`,
    );
    expect(wrong).toEqual([]);
    expect(sound).toBeGreaterThan(20);
  });

  it("canonicalise to the published octets", () => {
    const wrong: string[] = [];
    let pairs = 0;
    for (const file of files) {
      const base = basename(file, ".xml");
      const own = base === "signature" || base === "exc-signature";
      let judged: Judged[];
      try {
        judged = judge(file);
      } catch {
        continue;
      }
      const [first] = judged;
      if (!first) continue;
      const references = first.signature.references.flatMap((r) => [r, ...(r.manifest ?? [])]);
      for (let i = 0; i < 40; i++) {
        for (const name of [`${base}-c14n-${i}.txt`, ...(own ? [`c14n-${i}.txt`] : [])]) {
          const path = join(folder!, dirname(file), name);
          const wanted = readIf(path);
          if (!wanted || GARBLED.some((g) => path.endsWith(g))) continue;
          const ours = [
            ...references.filter((r) => r.status !== "unsupported").map((r) => r.octets()),
            first.signature.signedInfoOctets,
          ];
          if (ours.some((o) => o !== null && Buffer.compare(o, wanted) === 0)) pairs++;
          else wrong.push(`${dirname(file)}/${name}`);
        }
      }
    }
    const c14n = "org/apache/xml/security/c14n";
    const inclusive = c14nMethodOf(C14N_10)!;
    for (const [input, output, apex] of [
      ["in/31_input.xml", "in/31_c14n.xml", null],
      ["in/default_ns_redefinition_input.xml", "in/default_ns_redefinition_c14n.xml", "Object"],
      ["inExcl/example2_2_1.xml", "inExcl/example2_2_1_c14nized.xml", "elem2"],
      ["inExcl/example2_2_2.xml", "inExcl/example2_2_2_c14nized.xml", "elem2"],
    ] as const) {
      const document = parseVector(readBytes(join(folder!, c14n, input)));
      const top = apex === null ? document : descendants(document).find((e) => e.local === apex)!;
      const octets = new TextDecoder().decode(canonicalize(subtree(top, true), inclusive));
      // The file pairs of the exclusive examples end in a line feed of their own.
      if (octets === readFileSync(join(folder!, c14n, output), "utf8").replace(/\n$/, "")) pairs++;
      else wrong.push(output);
    }
    console.log(`santuario: ${pairs} canonical forms byte for byte, ${GARBLED.length} published garbled`);
    expect(wrong).toEqual([]);
  });
});
