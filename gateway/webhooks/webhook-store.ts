import type { WebhookEventType } from "./events.ts";

export interface WebhookEndpoint {
  id: string;
  school: string;
  url: string;
  /** null: all. */
  events: readonly WebhookEventType[] | null;
  /** Which of its secrets is in force; the one before counts too until `previousUntil`. */
  generation: number;
  previousUntil: number | null;
  /** Audit entries after this one are sent. */
  fromSeq: number;
  createdAt: number;
  disabledAt: number | null;
}

export interface WebhookDelivery {
  /** The same at each attempt: receivers know by it what they have seen. */
  id: string;
  endpointId: string;
  type: WebhookEventType;
  body: string;
  /** `dead`: given up after the last attempt, until somebody asks for a replay. */
  state: "pending" | "delivered" | "dead";
  attempts: number;
  nextAt: number;
  lastStatus: number | null;
  /** Why the last attempt failed, as a code. */
  lastError: string | null;
  createdAt: number;
  finishedAt: number | null;
}

export type NewDelivery = Pick<WebhookDelivery, "id" | "endpointId" | "type" | "body"> & { seq: number };

/** Endpoints, and what is to be sent to them. Each method is one durable transaction; several processes may share one. */
export interface WebhookStore {
  addEndpoint(endpoint: Omit<WebhookEndpoint, "disabledAt" | "generation" | "previousUntil">): void;
  endpoint(id: string): WebhookEndpoint | null;
  /** Of a school, or of all. */
  endpoints(school: string | null): WebhookEndpoint[];
  /** Puts a new secret in force; the one before counts until `previousUntil`. */
  rotate(id: string, previousUntil: number): WebhookEndpoint | null;
  enable(id: string): void;
  disable(id: string, at: number): void;
  /** With all its deliveries. */
  removeEndpoint(id: string): void;

  /** Last audit entry that was looked at. */
  cursor(): number;
  /** Moves the cursor and takes in what came with it, or does nothing when somebody else has moved it. @returns whether */
  take(from: number, to: number, deliveries: readonly NewDelivery[], now: number): boolean;
  /** Takes due deliveries into work until `leaseUntil`, at most `perEndpoint` of one endpoint, oldest first. */
  claim(now: number, leaseUntil: number, limit: number, perEndpoint: number): WebhookDelivery[];
  delivered(id: string, status: number, now: number): void;
  /** `nextAt` null: dead. */
  failed(id: string, error: { code: string; status: number | null }, nextAt: number | null, now: number): void;
  deliveries(
    endpointId: string,
    filter: { state?: WebhookDelivery["state"]; before?: string; limit: number },
  ): WebhookDelivery[];
  /** Sends again, from the first attempt. `deliveryId` null: everything dead. @returns how many */
  replay(endpointId: string, deliveryId: string | null, now: number): number;
  /** Forgets what was delivered before `before`. */
  purge(before: number): number;
  close(): void;
}
