import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type SigningSite, startSigningSite } from "@hocba/gateway/testing";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startChromium } from "./chromium.ts";
import { type SignedTranscripts, signTranscripts } from "./signed-transcripts.ts";

/** Set to a folder to keep pictures of the pages. */
const pictures = process.env.HOCBA_SCREENSHOTS;

describe("the public portal in a browser, against a real gateway", () => {
  let folder: string;
  let site: SigningSite;
  let signed: SignedTranscripts;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let strangers: string[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "hocba-portal-"));
    const root = fileURLToPath(new URL("../../verifier-web", import.meta.url));
    await build({ root, logLevel: "error", build: { outDir: folder } });
    browser = await startChromium();
    site = await startSigningSite({ pupils: 1 });
    signed = await signTranscripts(site, folder);
    if (pictures !== undefined) mkdirSync(pictures, { recursive: true });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 360, height: 740 }, locale: "en-US" });
    page = await context.newPage();
    complaints = [];
    strangers = [];
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      if (!request.url().startsWith(signed.address)) strangers.push(request.url());
    });
    await page.goto(signed.address);
  });
  afterEach(async () => {
    await context.close();
    expect(strangers).toEqual([]);
  });

  const choose = async (...files: readonly (readonly [name: string, content: Uint8Array])[]) =>
    page.setInputFiles(
      "#file",
      files.map(([name, content]) => ({ name, mimeType: "", buffer: Buffer.from(content) })),
    );
  const verdict = (tone: string) => page.locator(`.verdict.${tone}`);
  const trouble = (words: string) => page.locator(".trouble .verdict-word", { hasText: words }).waitFor();
  const picture = async (name: string) => {
    if (pictures === undefined) return;
    await page.screenshot({ path: join(pictures, `${name}-360.png`), fullPage: true });
    await page.evaluate(() => document.querySelector(".results-head")?.scrollIntoView());
    await page.screenshot({ path: join(pictures, `${name}-360-view.png`) });
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.screenshot({ path: join(pictures, `${name}-1200.png`), fullPage: true });
    await page.setViewportSize({ width: 360, height: 740 });
  };

  it("calls a transcript that the gateway signed valid, and names who signed in which role", async () => {
    await picture("start");
    await choose(["học bạ.pdf", signed.pdf]);
    await verdict("passed").waitFor();
    expect(await page.locator(".verdict-word").textContent()).toBe("Hợp lệ");
    expect(await page.locator(".signature .role").allTextContents()).toEqual([
      "Con dấu nhà trường",
      "Hiệu trưởng (cán bộ quản lý)",
      "Giáo viên chủ nhiệm",
    ]);
    const { principal, homeroom } = site.sample.staff;
    const names = await page.locator(".signature h4").allTextContents();
    expect(names.slice(1)).toEqual([principal.name, homeroom.name]);
    expect(await page.locator(".signature").nth(1).textContent()).toContain("không bị thu hồi");
    expect(await page.getByRole("status").textContent()).toContain("học bạ.pdf");
    await picture("good-pdf");
    expect(complaints).toEqual([]);
  }, 30_000);

  it("folds the many subject teachers of an XML transcript", async () => {
    await choose(["hocba.xml", signed.xml]);
    await verdict("passed").waitFor();
    const teachers = page.locator("details.teachers");
    expect(await teachers.locator("summary").first().textContent()).toContain("12 giáo viên bộ môn");
    expect(await teachers.locator(".signature").count()).toBe(12);
    await teachers.locator("summary").first().click();
    expect(await teachers.locator(".role").first().textContent()).toBe("Giáo viên bộ môn: Ngữ văn");
    expect(await page.locator(".signature .role").first().textContent()).toBe("Con dấu nhà trường");
    await picture("good-xml");
  }, 30_000);

  it("refuses a transcript of which one byte was changed after signing", async () => {
    const tampered = signed.pdf.slice();
    const place = Buffer.from(tampered).indexOf("stream") + 40;
    tampered[place] = tampered[place]! ^ 1;
    await choose(["sửa.pdf", tampered]);
    await verdict("failed").waitFor();
    expect(await page.locator(".verdict-word").textContent()).toBe("KHÔNG hợp lệ");
    expect(await page.locator(".alarming").first().textContent()).toContain("đã bị thay đổi");
    await picture("tampered-pdf");
  });

  it("refuses a transcript in which a mark was raised", async () => {
    const text = new TextDecoder().decode(signed.xml);
    const raised = text.replace(/<CA_NAM>\d\.\d<\/CA_NAM>/, "<CA_NAM>9.9</CA_NAM>");
    expect(raised).not.toBe(text);
    await choose(["nâng điểm.xml", new TextEncoder().encode(raised)]);
    await verdict("failed").waitFor();
    await picture("raised-mark");
  });

  it("says of a file without signature that it proves nothing", async () => {
    await choose(["chưa ký.pdf", signed.unsignedPdf]);
    await verdict("unsigned").waitFor();
    expect(await page.locator(".verdict-word").textContent()).toBe("Tệp này không có chữ ký số");
    await picture("unsigned");
  });

  it("never calls a file that is not a PDF anything but unproven", async () => {
    await choose(["ảnh.pdf", new TextEncoder().encode("GIF89a is no transcript")]);
    await verdict("unsigned").waitFor();
    expect(await page.locator(".sentence").textContent()).toContain("PDF");
    expect(await page.locator(".signature").count()).toBe(0);
    await picture("not-a-pdf");
  });

  it("says in plain words that a file is empty, the server is away or the answer is no verdict", async () => {
    await choose(["rỗng.pdf", new Uint8Array()]);
    await trouble("Tệp rỗng");
    await page.route("**/v1/verifications**", (route) => route.abort("connectionrefused"));
    await choose(["mất mạng.pdf", signed.pdf]);
    await trouble("Không liên lạc được với máy chủ");
    await page.unroute("**/v1/verifications**");
    await page.route("**/v1/verifications**", (route) =>
      route.fulfill({ status: 200, contentType: "application/json", body: '{"indication":"TOTAL-PASSED"}' }),
    );
    await choose(["lạ.pdf", signed.pdf]);
    await trouble("Máy chủ gặp lỗi");
    expect(await page.locator(".verdict.passed").count()).toBe(0);
    await page.unroute("**/v1/verifications**");
    await page.getByRole("button", { name: "Thử lại" }).first().click();
    await page.locator(".passed").first().waitFor();
    await picture("trouble");
  });

  it("asks a busy server again after the time it names", async () => {
    let asked = 0;
    await page.route("**/v1/verifications**", (route) =>
      asked++ === 0 ? route.fulfill({ status: 429, headers: { "retry-after": "1" }, body: "{}" }) : route.continue(),
    );
    await choose(["học bạ.pdf", signed.pdf]);
    await page.getByText("Máy chủ bận").waitFor();
    await verdict("passed").waitFor();
    expect(asked).toBe(2);
  });

  it("takes several files and leaves open those that need a decision", async () => {
    await choose(["tốt.pdf", signed.pdf], ["chưa ký.pdf", signed.unsignedPdf], ["tốt.xml", signed.xml]);
    await page.getByText("2 hợp lệ").waitFor();
    expect(await page.locator(".tally li").allTextContents()).toEqual(["2 hợp lệ", "1 không có chữ ký số"]);
    expect(await page.locator("details.folded").count()).toBe(2);
    await picture("several");
  });

  it("speaks English on request, tells the browser so, and remembers", async () => {
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("vi");
    await choose(["học bạ.pdf", signed.pdf]);
    await verdict("passed").waitFor();
    await page.getByRole("button", { name: "English" }).click();
    expect(await page.locator(".verdict-word").textContent()).toBe("Valid");
    expect(await page.evaluate(() => document.documentElement.lang)).toBe("en");
    await picture("good-pdf-english");
    await page.reload();
    expect(await page.title()).toBe("Check a digital transcript");
    expect(await page.getByRole("button", { name: "English" }).getAttribute("aria-pressed")).toBe("true");
  });

  it("can be used by keyboard alone", async () => {
    // Asked for early: the browser must know of it before Enter opens a dialog of its own.
    const chooser = page.waitForEvent("filechooser");
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
    const order: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press("Tab");
      order.push(await focused());
    }
    expect(order).toEqual(["Đến phần chọn tệp", "Tiếng Việt", "English", "file"]);
    await page.keyboard.press("Enter");
    await (await chooser).setFiles({ name: "học bạ.pdf", mimeType: "", buffer: Buffer.from(signed.pdf) });
    await verdict("passed").waitFor();
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("In kết quả");
    await page.locator(".signature summary").first().focus();
    await page.keyboard.press("Enter");
    expect(await page.locator(".signature details").first().getAttribute("open")).toBe("");
  });

  it("has names, one heading per level step, enough contrast and no sideways scrolling at 360 px", async () => {
    for (const scheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.reload();
      await choose(["tốt.xml", signed.xml]);
      await verdict("passed").waitFor();
      await page.locator("details").evaluateAll((all) => {
        for (const details of all) (details as HTMLDetailsElement).open = true;
      });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      expect(await page.evaluate(faultsOfThePage), scheme).toEqual([]);
      await picture(`accessible-${scheme}`);
    }
  }, 30_000);

  it("runs under a content security policy without inline code", async () => {
    const answer = await fetch(signed.address);
    const policy = answer.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe-inline");
    await choose(["tốt.xml", signed.xml]);
    await verdict("passed").waitFor();
    expect(complaints).toEqual([]);
  });
});

/** Runs in the page: unnamed controls, skipped heading levels, duplicate ids, small targets, contrast under 4.5:1 (WCAG 2.2 AA). */
function faultsOfThePage(): string[] {
  const faults: string[] = [];
  const visible = (element: Element) => element.getClientRects().length > 0;
  for (const control of document.querySelectorAll("button, a, summary, input")) {
    const label = control.id === "" ? null : document.querySelector(`label[for="${control.id}"]`);
    const name = control.getAttribute("aria-label") ?? control.textContent?.trim();
    if (!name && !label?.textContent?.trim()) faults.push(`no name: ${control.outerHTML.slice(0, 80)}`);
    const { height } = control.getBoundingClientRect();
    const hidden = control.classList.contains("skip") || !visible(control);
    if (!hidden && control.tagName !== "A" && height < 24) faults.push(`small: ${control.textContent} ${height}`);
  }
  for (const picture of document.querySelectorAll("img:not([alt]), svg:not([aria-hidden])")) {
    faults.push(`no alternative: ${picture.outerHTML.slice(0, 80)}`);
  }
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`heading jumps: ${heading.textContent}`);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  if (new Set(ids).size !== ids.length) faults.push("duplicate ids");

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
  const channels = (color: string): [number, number, number, number] => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const luminance = ([r, g, b]: readonly number[]) => {
    const [x = 0, y = 0, z = 0] = [r, g, b].map((value) => {
      const share = (value ?? 0) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
    if (!hasText || !visible(element) || element.closest(".visually-hidden, .skip, noscript")) continue;
    let behind: Element | null = element;
    while (behind !== null && channels(getComputedStyle(behind).backgroundColor)[3] < 1) behind = behind.parentElement;
    const back = luminance(channels(behind === null ? "#fff" : getComputedStyle(behind).backgroundColor));
    const front = luminance(channels(getComputedStyle(element).color));
    const ratio = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ${element.textContent?.slice(0, 40)}`);
  }
  return faults;
}
