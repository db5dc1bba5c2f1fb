import type { Bilingual } from "../bilingual.ts";
import type { FieldLock, LookupMark, SignatureAppearance } from "./appearance.ts";

/** Who signs a transcript, in the order of the chain (domain: GVBM → GVCN → CBQL → KY_PHAT_HANH). */
export type Role = "subject-teacher" | "homeroom-teacher" | "principal" | "seal";

/**
 * How one kind of document is led through its signers and judged afterwards. Profiles are data: names, Ids, order and
 * references stand in `*.json` beside this file, never in code. The signing pipeline and the verifier read the same one.
 */
export interface Profile {
  readonly name: string;
  readonly title: Bilingual;
  /** `cms`: any file, signed from outside by a detached CAdES signature of one step. */
  readonly format: "xml" | "pdf" | "cms";
  /**
   * Level of the whole document once the last signature is there; absent or `T`: as the steps say. `LT` and `LTA` embed what
   * proves the certificates' validity later on, and have the gateway renew it in time. Needs steps of level T.
   */
  readonly level?: "T" | "LT" | "LTA";
  /**
   * When time stamps are slow to come: `continue` (as when absent) signs on, issues the document at level B and raises it when they do;
   * `wait` holds the document back until each step has its stamp. A teacher's signature in XML, which later ones cover, can
   * only have a stamp of its own before they do.
   */
  readonly lateStamps?: "continue" | "wait";
  /** Steps of equal `order` may be signed in parallel; a lower order comes first. */
  readonly steps: readonly ProfileStep[];
  /** XML only: where the parts of the document stand. */
  readonly xml?: XmlShape;
  /** PDF only. */
  readonly pdf?: {
    /** Absent: no mark, and the document's pages stay as they came. */
    readonly lookup?: LookupMark;
    /** P of the first signature's DocMDP (ISO 32000-2 table 257): 1 nothing may follow, 2 signatures, 3 comments too. */
    readonly docMdp?: 1 | 2 | 3;
  };
}

export interface XmlShape {
  /** Local name of the document element; the format has no namespace. */
  readonly root: string;
  /** The attribute by which references find their element; unique in the document, schema or not. */
  readonly idAttribute: string;
  /** Element paths from the root where facts about the document are read, `/`-separated local names. */
  readonly facts: {
    readonly documentId: string;
    readonly schoolCode: string;
    readonly schoolName: string;
    readonly pupilName: string;
    readonly className: string;
    readonly schoolYear: string;
  };
  /**
   * What may stand unsigned around the signed parts and the holders of signatures, besides these: elements that stay empty, and
   * attributes. All else that no signature covers makes the document not valid.
   */
  readonly framing?: readonly {
    /** Path from the document element; empty for itself. */
    readonly element: string;
    /** Names with the values they may have, each a regular expression for the whole value. */
    readonly attributes?: Readonly<Record<string, string>>;
  }[];
}

export interface ProfileStep {
  /** Unique in the profile. */
  readonly id: string;
  readonly role: Role;
  readonly title: Bilingual;
  readonly order: number;
  /** Signature level of this step. `T` asks a stamp at once, before any later signature covers this one. */
  readonly level: "B" | "T";
  /** XML: what is signed and where the signature goes. */
  readonly xml?: {
    /**
     * One signature for each element at this path, as for subjects; absent: one signature. In `reference` and `holder`,
     * `{Id}` stands for the Id of the element and `{key}` for the text at `keyPath` (relative to it).
     */
    readonly each?: { readonly path: string; readonly keyPath: string };
    /** Same-document reference, `#…`. */
    readonly reference: string;
    /** Path of the element that takes the signature as its last child; `[@name='value']` selects among siblings. */
    readonly holder: string;
    /** Default `xades`. `xmldsig`: plain XMLDSig with a SigningTime property; it takes no time stamp, so the level is B. */
    readonly form?: "xades" | "xmldsig";
  };
  /** PDF: the signature field. */
  readonly pdf?: {
    readonly fieldName: string;
    readonly reason: string;
    /** Absent: an invisible signature. */
    readonly appearance?: SignatureAppearance;
    readonly lock?: FieldLock;
  };
}

/** One signature a given document needs, once the profile has been laid over it. */
export interface PlannedSignature {
  /** Unique in the document: the step's id, with `:key` where the step repeats (`subject-teacher:19`). */
  readonly id: string;
  readonly step: ProfileStep;
  /** The subject's code where the step repeats, else null. */
  readonly key: string | null;
  /** XML, with the placeholders filled in. */
  readonly xml: { readonly reference: string; readonly holder: string } | null;
}
