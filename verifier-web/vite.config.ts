import { defineConfig } from "vite";

/** Everything as files of its own: the gateway's content security policy admits no inline script, style or data. */
export default defineConfig({
  build: {
    outDir: "dist/site",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8080", "/openapi.json": "http://127.0.0.1:8080" } },
});
