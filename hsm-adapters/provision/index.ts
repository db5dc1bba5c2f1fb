export {
  type KeyKind,
  provisionSoftHsm,
  SOFTHSM_MODULE,
  type SoftHsmKey,
  type SoftHsmRequest,
  type SoftHsmToken,
} from "./provision-soft-hsm.ts";
