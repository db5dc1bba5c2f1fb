import hocbaPdf from "./hocba-pdf.json" with { type: "json" };
import hocbaXml from "./hocba-xml.json" with { type: "json" };
import type { Profile } from "./profile.ts";

export * from "./plan.ts";
export * from "./profile.ts";

/** The profiles shipped with the product, by name. */
export const shippedProfiles: ReadonlyMap<string, Profile> = new Map(
  [hocbaXml as Profile, hocbaPdf as Profile].map((profile) => [profile.name, profile]),
);
