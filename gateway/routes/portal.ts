import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, extname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import type { GatewayEnv } from "./gateway-parts.ts";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
};

const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The built portal: the configured folder, or the one that lies in this workspace; null when it was not built. */
export function findPortal(configured: string | null): string | null {
  if (configured !== null) return existsSync(join(configured, "index.html")) ? configured : null;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const site = join(folder, "verifier-web", "dist", "site");
    if (existsSync(join(site, "index.html"))) return site;
    if (folder === dirname(folder)) return null;
  }
}

/** Serves the portal's files, read once at the start: a request names one of them or nothing. */
export function portalRoutes(folder: string | null): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  if (folder === null) return app;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const content = readFileSync(path);
    const url = `/${relative(folder, path).split(sep).join("/")}`;
    const hashed = /^\/assets\/.+-[\w-]{8,}\./.test(url);
    const headers = {
      "content-type": types[extname(entry.name)] ?? "application/octet-stream",
      "cache-control": hashed ? "public, max-age=31536000, immutable" : "no-cache",
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin",
      "permissions-policy": "camera=(), microphone=(), geolocation=()",
    };
    app.get(url, (context) => context.body(content, 200, headers));
    if (url === "/index.html") app.get("/", (context) => context.body(content, 200, headers));
  }
  return app;
}
