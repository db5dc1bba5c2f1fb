import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Profile, shippedProfiles } from "@hocba/signatures/profiles";
import { GatewayError } from "../errors.ts";
import { readProfile } from "./read-profile.ts";

const MAX_PROFILES = 500;

/**
 * The shipped profiles and those in the operator's folder (`*.json`), by name. A name of a shipped one may not be used again: documents
 * in the ledger name it, and verifiers elsewhere know what it means.
 * @throws GatewayError CONFIG_INVALID
 */
export function loadProfiles(folder: string | null): ReadonlyMap<string, Profile> {
  if (folder === null) return shippedProfiles;
  const profiles = new Map(shippedProfiles);
  for (const name of jsonFiles(folder)) {
    const file = join(folder, name);
    const profile = readProfile(readFileSync(file, "utf8"), file);
    if (profiles.has(profile.name)) {
      throw new GatewayError("CONFIG_INVALID", `${file}: there is a profile ${profile.name} already`, {
        details: { file, profile: profile.name },
      });
    }
    profiles.set(profile.name, profile);
  }
  return profiles;
}

function jsonFiles(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch (error) {
    throw new GatewayError("CONFIG_INVALID", `the folder of profiles ${folder} cannot be read`, { cause: error });
  }
  if (names.length > MAX_PROFILES) {
    throw new GatewayError("CONFIG_INVALID", `more than ${MAX_PROFILES} profiles in ${folder}`);
  }
  return names.sort();
}
