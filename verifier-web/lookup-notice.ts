import type { Bilingual } from "@hocba/signatures";
import { element } from "./element.ts";
import { onLanguageChange, say } from "./language.ts";

type Status = "current" | "superseded" | "withdrawn" | "not-issued" | "unknown" | "missing" | "mistyped" | "failed";

const text = (vi: string, en: string): Bilingual => ({ vi, en });
const words: Readonly<Record<Status, Bilingual>> = {
  current: text(
    "Trường đã phát hành học bạ mang mã này và học bạ còn hiệu lực. Hãy chọn tệp học bạ bên dưới để kiểm tra chữ ký.",
    "The school has issued a transcript with this code and it is current. Choose the file below to check its signatures.",
  ),
  superseded: text(
    "Học bạ mang mã này đã được thay bằng bản đính chính.",
    "The transcript with this code has been replaced by a corrected one.",
  ),
  withdrawn: text("Học bạ mang mã này đã bị thu hồi.", "The transcript with this code has been withdrawn."),
  "not-issued": text("Học bạ mang mã này chưa được phát hành.", "The transcript with this code is not issued."),
  unknown: text("Không tìm thấy học bạ mang mã này.", "No transcript with this code was found."),
  missing: text("Không tìm thấy học bạ mang mã này.", "No transcript with this code was found."),
  mistyped: text(
    "Mã tra cứu bị gõ sai. Hãy so lại với mã in trên học bạ.",
    "The code is mistyped. Compare it with the one printed on the transcript.",
  ),
  failed: text("Chưa tra cứu được. Hãy tải lại trang sau ít phút.", "The lookup failed. Reload in a few minutes."),
};

/**
 * What the registry says of the code a reader came with (`#ma=…` of the QR code): whether the transcript is the current one. It says
 * nothing about the file in the reader's hands; that is for the check.
 */
export function lookupNotice(root: HTMLElement, view: Window): void {
  const box = element("p", { class: "lookup", role: "status", hidden: true });
  root.querySelector("main")?.prepend(box);
  let shown: { code: string; status: Status } | null = null;
  const render = () => {
    box.hidden = shown === null;
    if (shown !== null) {
      const label = say(text("Mã tra cứu", "Lookup code"));
      box.replaceChildren(element("strong", {}, `${label} ${shown.code}`), ` — ${say(words[shown.status])}`);
    }
  };
  const look = async () => {
    const code = new URLSearchParams(view.location.hash.slice(1)).get("ma")?.slice(0, 40) ?? "";
    if (code === "") return;
    const status = await statusOf(code);
    shown = { code, status };
    render();
  };
  view.addEventListener("hashchange", () => void look());
  onLanguageChange(render);
  void look();
}

async function statusOf(code: string): Promise<Status> {
  try {
    const answer = await fetch(`/v1/status/code/${encodeURIComponent(code)}`);
    if (answer.status === 400) return "mistyped";
    if (answer.status === 404) return "missing";
    const { status } = (await answer.json()) as { status?: unknown };
    return answer.ok && typeof status === "string" && Object.hasOwn(words, status) ? (status as Status) : "failed";
  } catch {
    return "failed";
  }
}
