import hocbaPdf from "./hocba-pdf.json" with { type: "json" };
import hocbaXml from "./hocba-xml.json" with { type: "json" };
import type { Profile } from "./profile.ts";

export * from "./appearance.ts";
export * from "./plan.ts";
export * from "./profile.ts";

/** The profiles shipped with the product, by name. */
export const shippedProfiles: ReadonlyMap<string, Profile> = new Map(
  // JSON modules have wider types than their schema; a test holds each file to it.
  ([hocbaXml, hocbaPdf] as unknown as Profile[]).map((profile) => [profile.name, profile]),
);
