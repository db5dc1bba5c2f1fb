import { chmodSync, mkdirSync, rmSync, statSync } from "node:fs";
import { connect, type Server } from "node:net";
import { dirname } from "node:path";
import { SignerError } from "../signer.ts";

const refuse = (problem: string, socket: string, cause?: unknown): SignerError =>
  new SignerError("CONFIG_INVALID", `socket of the token host: ${problem}`, {
    details: { field: "socket", socket, problem },
    cause,
  });

/** True when somebody answers at the path. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

/**
 * Listens at `path` so that only this user reaches it: the directory is 0700 and ours, the socket 0600. The socket that
 * a killed host left behind is taken over; a living host's is not.
 * @throws SignerError CONFIG_INVALID
 */
export async function listenPrivately(server: Server, path: string): Promise<void> {
  const directory = dirname(path);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const stat = statSync(directory);
    if (stat.uid !== process.getuid?.()) throw new Error(`the directory ${directory} belongs to another user`);
    if ((stat.mode & 0o077) !== 0) throw new Error(`the directory ${directory} is open to other users (want 0700)`);
  } catch (cause) {
    throw refuse((cause as Error).message, path, cause);
  }
  if (await answers(path)) throw refuse("another token host listens there", path);
  rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(refuse(cause.message, path, cause)));
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
}
