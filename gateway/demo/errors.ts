import { HocbaError } from "@hocba/certs";

export type DemoErrorCode =
  /** Another demo runs on the same data directory. */
  | "DEMO_ALREADY_RUNNING"
  /** Another program listens on the port asked for. */
  | "PORT_IN_USE"
  /** A part of the gateway did not start or ended by itself. */
  | "PART_FAILED"
  /** A program or library of the system is missing. */
  | "PREREQUISITE_MISSING"
  /** Not every document came back signed and verified. */
  | "DEMO_INCOMPLETE";

export class DemoError extends HocbaError<DemoErrorCode> {}
