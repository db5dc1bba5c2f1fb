import detached from "./detached.json" with { type: "json" };
import hocbaPdf from "./hocba-pdf.json" with { type: "json" };
import hocbaXml from "./hocba-xml.json" with { type: "json" };
import type { Profile } from "./profile.ts";
import vanBanNd30 from "./van-ban-nd30.json" with { type: "json" };
import vanBanNd30PhuLuc from "./van-ban-nd30-phu-luc.json" with { type: "json" };

export * from "./appearance.ts";
export * from "./plan.ts";
export * from "./profile.ts";
export * from "./unsigned-parts.ts";

/** The profiles shipped with the product, by name. */
export const shippedProfiles: ReadonlyMap<string, Profile> = new Map(
  // JSON modules have wider types than their schema; a test holds each file to it.
  ([hocbaXml, hocbaPdf, vanBanNd30, vanBanNd30PhuLuc, detached] as unknown as Profile[]).map((profile) => [
    profile.name,
    profile,
  ]),
);
