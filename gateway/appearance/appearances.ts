import { createHash } from "node:crypto";
import { LruCache } from "@hocba/certs/crypto";
import { type Certificate, parseCertificate } from "@hocba/certs/x509";
import { openPdf, type PdfDocument, signatureFields } from "@hocba/signatures/pdf";
import type { Profile, ProfileStep } from "@hocba/signatures/profiles";
import { markPage, type PadesAppearance, type Picture } from "@hocba/signatures/sign";
import { drawImage } from "./draw-image.ts";
import { drawLookupMark } from "./draw-lookup-mark.ts";
import { drawSignature, type SignatureContent } from "./draw-signature.ts";
import { type FoundPlace, fieldPlace, findPlace } from "./find-place.ts";
import { FoundTexts } from "./found-texts.ts";
import { imagesIn } from "./images.ts";
import { lookupCode } from "./lookup-code.ts";

export interface AppearanceOptions {
  /** Address of the portal; null: no lookup mark is put on documents. */
  publicUrl: string | null;
  /** Folder of PNG images of signatures and seals. */
  images: string | null;
}

/** Who signs, as the picture shows it. */
export interface ShownSigner {
  /** DER. */
  certificate: Uint8Array;
  /** Milliseconds since 1970. */
  signingTime: number;
}

/** A document ready to be signed, and how the signature looks. */
export interface Shown {
  document: Uint8Array;
  appearance: PadesAppearance | null;
  /** No step of the profile has signed yet. */
  first: boolean;
}

export interface Appearances {
  /**
   * Puts the lookup mark on a document nobody has signed, and draws the signature of `step` for its place. The same input gives
   * the same octets, on machines with the same fonts and images.
   * @throws SignaturesError PDF_*; GatewayError CONFIG_INVALID (an image); DrawingError FONT_MISSING
   */
  show(
    document: Uint8Array,
    profile: Profile,
    step: ProfileStep,
    signer: ShownSigner,
    /** SHA-256 of the document as it came: what its pages say is read once for all its steps. */
    original?: string,
  ): Promise<Shown>;
}

/** Pictures kept: the signers of a class in one second, many times over. */
const KEPT = 512;

export function createAppearances(options: AppearanceOptions): Appearances {
  const images = imagesIn(options.images);
  const pictures = new LruCache<string, Picture | Uint8Array>(KEPT);
  const texts = new FoundTexts();
  const certificates = new LruCache<Uint8Array, Certificate>(KEPT);

  function certificateOf(der: Uint8Array): Certificate {
    let certificate = certificates.get(der);
    if (certificate === undefined) {
      certificate = parseCertificate(der);
      certificates.set(der, certificate);
    }
    return certificate;
  }

  /** The same few persons sign many documents in a second. */
  async function kept<P extends Picture | Uint8Array>(key: string, draw: () => Promise<P>): Promise<P> {
    const known = pictures.get(key) as P | undefined;
    if (known !== undefined) return known;
    const drawn = await draw();
    pictures.set(key, drawn);
    return drawn;
  }

  async function pictureOf(step: ProfileStep, signer: ShownSigner, place: FoundPlace): Promise<Picture | Uint8Array> {
    const { width, height } = place;
    const { template, image } = step.pdf!.appearance!;
    const certificate = certificateOf(signer.certificate);
    if (template === "signature-image" || template === "seal") {
      const png = images(image ?? `${certificate.serial}.png`);
      if (png) return kept(`${digest(png)} ${width} ${height}`, () => drawImage(png, width, height));
    }
    const content = contentOf(step, certificate, signer.signingTime, place);
    return kept(JSON.stringify(content), () => drawSignature(content));
  }

  return {
    async show(document, profile, step, signer, original) {
      const lookup = profile.pdf?.lookup;
      const look = step.pdf?.appearance;
      if (look === undefined && lookup === undefined && profile.pdf?.docMdp === undefined) {
        return { document, appearance: null, first: false };
      }
      let opened = openPdf(document);
      const signed = signatureFields(opened);
      const own = new Set(profile.steps.map((each) => each.pdf?.fieldName));
      const first = !signed.some((signature) => own.has(signature.fieldName));
      let marked = document;
      if (lookup !== undefined && options.publicUrl !== null && signed.length === 0) {
        const place = findPlace(opened, lookup.places);
        if (place !== null) {
          const code = lookupCode(digest(document));
          const url = lookupUrl(options.publicUrl, code);
          const { width, height } = place;
          const picture = await drawLookupMark({ url, code, label: lookup.label, width, height });
          marked = markPage(document, { page: place.page, rect: place.rect, picture });
          opened = openPdf(marked);
        }
      }
      if (look === undefined || step.pdf === undefined) return { document: marked, appearance: null, first };
      const place =
        fieldPlace(opened, step.pdf.fieldName) ??
        findPlace(
          opened,
          look.places,
          (id) => stepPlace(opened, profile, id),
          original === undefined ? undefined : texts.finder(original, profile),
        );
      if (place === null) return { document: marked, appearance: null, first };
      const picture = await pictureOf(step, signer, place);
      return { document: marked, appearance: { page: place.page, rect: place.rect, picture }, first };
    },
  };
}

/** Where the portal opens with the code in hand. It stands behind #, so no server on the way logs it. */
export function lookupUrl(publicUrl: string, code: string): string {
  return `${publicUrl.replace(/[/]+$/, "")}/#ma=${code}`;
}

function stepPlace(document: PdfDocument, profile: Profile, id: string): FoundPlace | null {
  const pdf = profile.steps.find((each) => each.id === id)?.pdf;
  return pdf === undefined ? null : fieldPlace(document, pdf.fieldName);
}

function contentOf(
  step: ProfileStep,
  certificate: Certificate,
  time: number,
  { width, height }: FoundPlace,
): SignatureContent {
  const { subject } = certificate;
  const look = step.pdf!.appearance!;
  const name = shown(subject.get("CN") ?? subject.toString());
  // A person's certificate names the school in the innermost OU; a seal's own CN is the school.
  const organization = step.role === "seal" ? null : (subject.get("OU") ?? subject.get("O"));
  return {
    template: look.template,
    width,
    height,
    name,
    role: shown(step.title.vi),
    organization: organization === null ? null : shown(organization),
    time,
    seal: step.role === "seal",
  };
}

/** Texts come from certificates: nothing invisible, nothing that turns the direction of reading, and not without end. */
function shown(text: string): string {
  const plain = text.normalize("NFC").replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ");
  return plain.replace(/\s+/gu, " ").trim().slice(0, 120);
}

const digest = (octets: Uint8Array): string => createHash("sha256").update(octets).digest("hex");
