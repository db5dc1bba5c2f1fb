import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { conditions: ["@hocba/source", "node", "import", "default"] },
  ssr: { resolve: { conditions: ["@hocba/source", "node", "import", "default"] } },
  test: {
    include: ["{certs,signatures,hsm-adapters,gateway,verifier-web,test}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    maxWorkers: 2,
    // Nothing is proven by time here: a busy machine must not turn a test red.
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
