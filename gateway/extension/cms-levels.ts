import { nodeCrypto } from "@hocba/certs/crypto/node";
import {
  addCadesArchiveTimestamp,
  addCadesTimestamp,
  addCadesValidationData,
  cadesArchiveTimestampRequest,
  cadesTimestampInput,
} from "@hocba/signatures/sign";
import type { LevelFormat } from "./level-format.ts";
import { mergeValidationData } from "./validation-data-collector.ts";

/** CAdES with one signer (EN 319 122-1 §5.5, §6). `content`: what a detached signature is over. */
export function cmsLevels(content: Uint8Array | null): LevelFormat {
  return {
    raisable: (_, parts) => parts.signatures.map((s) => s.id),
    bare: (_, { signatures }) => signatures.filter((s) => s.stamps.length === 0).map((s) => s.id),
    async stampBare(document, parts, ask) {
      return this.bare(document, parts).length > 0 ? this.stampLate(document, [], ask) : document;
    },
    async stampLate(document, _, ask) {
      return addCadesTimestamp(document, await ask(nodeCrypto.digest("sha256", cadesTimestampInput(document))));
    },
    addData: (document, data) => addCadesValidationData(document, mergeValidationData([...data.values()])),
    async archive(document, _, ask) {
      const request = cadesArchiveTimestampRequest(document, content, nodeCrypto);
      return addCadesArchiveTimestamp(document, request, await ask(request.messageImprint));
    },
  };
}
