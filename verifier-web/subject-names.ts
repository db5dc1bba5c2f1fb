/** Beyond this a transcript is none, and parsing it would only make the page slow. */
const mostBytes = 4 * 1024 * 1024;

/**
 * Names of the subjects in a transcript's XML by the Id that a teacher's signature refers to, so that "subject teacher" can
 * say which subject. Shown only beside signatures that the gateway found intact over that very Id. Empty for anything else.
 */
export async function subjectNames(file: File): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  if (file.size > mostBytes || !(await file.slice(0, 200).text()).trimStart().startsWith("<")) return names;
  const text = await file.text();
  if (text.includes("<!DOCTYPE")) return names;
  const parsed = new DOMParser().parseFromString(text, "text/xml");
  for (const result of parsed.getElementsByTagName("DIEM_TONG_KET")) {
    const id = result.getAttribute("Id");
    const name = result.getElementsByTagName("TEN_MON_HOC")[0]?.textContent?.trim();
    if (id && name) names.set(id, name.slice(0, 80));
  }
  return names;
}
