import type pkcs11js from "pkcs11js";
import { SignerError } from "../signer.ts";
import type { Cryptoki } from "./module.ts";
import type { TokenConfig } from "./token-config.ts";

export interface FoundSlot {
  readonly slot: pkcs11js.Handle;
  /** CK_TOKEN_INFO.serialNumber without its padding. */
  readonly serial: string;
}

/** CK_SLOT_ID out of the handle's octets, little-endian. */
function slotNumber(slot: pkcs11js.Handle): number {
  let value = 0;
  for (let i = slot.length - 1; i >= 0; i--) value = value * 256 + slot[i]!;
  return value;
}

const unpadded = (text: string): string => text.replace(/[\0 ]+$/, "");

/**
 * The slot with the token that the configuration picks, or null.
 * @param knownSerial serial number of the token met before: no other one gets its PIN
 * @throws SignerError CONFIG_INVALID when several tokens match, TOKEN_ABSENT when another token is in its place
 */
export function findSlot(cryptoki: Cryptoki, config: TokenConfig, knownSerial: string | null): FoundSlot | null {
  const { name, tokenLabel, serial, slot: slotId } = config;
  const matches: FoundSlot[] = [];
  for (const slot of cryptoki.C_GetSlotList(true)) {
    let info: pkcs11js.TokenInfo;
    try {
      info = cryptoki.C_GetTokenInfo(slot);
    } catch {
      continue; // pulled between the two calls, or not readable: not our token
    }
    const found = { slot, serial: unpadded(info.serialNumber) };
    let ours: boolean;
    if (tokenLabel !== undefined) ours = unpadded(info.label) === tokenLabel;
    else if (serial !== undefined) ours = found.serial === serial;
    else ours = slotNumber(slot) === slotId;
    if (ours) matches.push(found);
  }
  if (matches.length > 1) {
    throw new SignerError("CONFIG_INVALID", `token ${name}: ${matches.length} tokens match; name one by serial`, {
      details: { token: name, serials: matches.map((match) => match.serial) },
    });
  }
  const match = matches[0];
  if (match && knownSerial !== null && match.serial !== knownSerial) {
    throw new SignerError("TOKEN_ABSENT", `token ${name}: another token is in its place`, {
      retryable: true,
      details: { token: name, expected: knownSerial, found: match.serial },
    });
  }
  return match ?? null;
}
