import { benchSigning } from "./bench-signing.ts";

const figures = await benchSigning(JSON.parse(process.argv[2]!) as Parameters<typeof benchSigning>[0]);
process.send?.(figures, () => process.disconnect());
