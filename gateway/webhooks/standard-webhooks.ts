import { createHmac, timingSafeEqual } from "node:crypto";

const PREFIX = "whsec_";
/** A receiver takes nothing older or newer than this. */
const TOLERANCE_S = 300;

/** The three headers of Standard Webhooks for one attempt; `at` in milliseconds. Several secrets while one is replaced. */
export function signWebhook(
  message: { id: string; body: string },
  secrets: readonly string[],
  at: number,
): Record<"webhook-id" | "webhook-timestamp" | "webhook-signature", string> {
  const seconds = String(Math.floor(at / 1000));
  const values = secrets.map((secret) => `v1,${mac(message.id, seconds, message.body, secret)}`);
  return { "webhook-id": message.id, "webhook-timestamp": seconds, "webhook-signature": values.join(" ") };
}

/** What a receiver does; here for tests, and for systems written in this language. */
export function verifyWebhook(
  headers: { id: string; timestamp: string; signature: string },
  body: string,
  secret: string,
  now: number,
): boolean {
  if (!(Math.abs(now / 1000 - Number(headers.timestamp)) <= TOLERANCE_S)) return false;
  const expected = Buffer.from(mac(headers.id, headers.timestamp, body, secret));
  return headers.signature.split(" ").some((each) => {
    const [version, value] = each.split(",");
    const given = Buffer.from(value ?? "");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
}

function mac(id: string, seconds: string, body: string, secret: string): string {
  const key = Buffer.from(secret.slice(PREFIX.length), "base64");
  return createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
}
