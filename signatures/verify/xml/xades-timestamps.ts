import type { XadesProperties, XadesTimestamp } from "../../xml/index.ts";
import type { TimestampCandidate } from "../candidate.ts";
import { readTimestampToken, timestampCandidate } from "../cms/cms-candidate.ts";

const MAX_TIMESTAMPS = 100;

/** Every time stamp of an XML signature with the octets it must stamp (EN 319 132-1 §5.2.8, §5.3, §5.5). */
export function xadesTimestamps(properties: XadesProperties): TimestampCandidate[] {
  const content = properties.signedPropertiesCovered ? properties.contentTimestamps : [];
  return [
    ...candidates(content, "content"),
    ...candidates(properties.signatureTimestamps, "signature"),
    ...candidates(properties.refsTimestamps, "archive"),
    ...candidates(properties.archiveTimestamps, "archive"),
  ].slice(0, MAX_TIMESTAMPS);
}

function candidates(stamps: readonly XadesTimestamp[], type: TimestampCandidate["type"]): TimestampCandidate[] {
  return stamps.slice(0, MAX_TIMESTAMPS).flatMap((stamp) =>
    stamp.tokens.map((token) => {
      const candidate = timestampCandidate(type, readTimestampToken(token), () => stamp.inputs().map((i) => [i]));
      // Time stamps over references stand outside: they prove the values, but cover no validation data.
      return { ...candidate, archival: stamp.kind === "archive", referencesOnly: stamp.kind === "refs-only" };
    }),
  );
}
