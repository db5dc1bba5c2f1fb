import type { Bilingual } from "@hocba/signatures";
import type { Indication, SignatureReport } from "@hocba/signatures/verify";

/** A text in the two languages of the page. */
export const text = (vi: string, en: string): Bilingual => ({ vi, en });

/** Everything the page itself says. Verdicts and findings come with the gateway's report. */
export const texts = {
  title: text("Kiểm tra học bạ số", "Check a digital transcript"),
  lead: text(
    "Chọn tệp học bạ (PDF hoặc XML) để biết ai đã ký, tệp có còn nguyên vẹn không và điều gì chưa kiểm tra được.",
    "Choose a transcript (PDF or XML) to learn who signed it, whether it is whole, and what could not be checked.",
  ),
  skip: text("Đến phần chọn tệp", "Skip to choosing a file"),
  languageGroup: text("Ngôn ngữ", "Language"),
  choose: text("Chọn tệp", "Choose files"),
  chooseAgain: text("Chọn tệp khác", "Choose other files"),
  drop: text("hoặc kéo thả vào đây, một hay nhiều tệp", "or drop them here, one or several"),
  formats: text("PDF, XML, hoặc gói ký CMS (.p7m, .p7s)", "PDF, XML, or a CMS package (.p7m, .p7s)"),
  privacy: text(
    "Tệp được gửi tới máy chủ của trang này để kiểm tra rồi bỏ ngay, không lưu lại.",
    "The file goes to this site's server to be checked and is dropped at once; nothing is kept.",
  ),
  results: text("Kết quả", "Results"),
  print: text("In kết quả", "Print"),
  clear: text("Xoá kết quả", "Clear"),
  retry: text("Thử lại", "Try again"),
  waiting: text("Đang chờ tới lượt", "Waiting for its turn"),
  sending: text("Đang gửi tệp", "Sending the file"),
  working: text("Đang kiểm tra chữ ký", "Checking the signatures"),
  signers: text("Ai đã ký", "Who signed"),
  documentStamps: text("Dấu thời gian của tài liệu", "Document time stamps"),
  unchecked: text("Điều chưa kiểm tra được", "What could not be checked"),
  findings: text("Nhận xét về tài liệu", "About the document"),
  details: text("Chi tiết kỹ thuật", "Technical details"),
  allFindings: text("Nhận xét", "Remarks"),
  noSigner: text("Không xác định được người ký", "Signer not identified"),
  signedAt: text("Ký lúc", "Signed at"),
  provenBy: text("theo dấu thời gian của", "proven by the time stamp of"),
  claimed: text("do máy người ký ghi, chưa được chứng minh", "stated by the signer's computer, not proven"),
  noTime: text("không ghi", "not stated"),
  notProven: text("chưa có bằng chứng", "not proven"),
  certificate: text("Chứng thư", "Certificate"),
  issuedBy: text("do {issuer} cấp, hiệu lực {from} – {to}", "issued by {issuer}, valid {from} – {to}"),
  revocation: text("Thu hồi", "Revocation"),
  revocationNone: text("chưa kiểm tra được", "could not be checked"),
  integrity: text("Nội dung", "Content"),
  level: text("Mức chữ ký", "Level"),
  covers: text("Phần được ký", "Covers"),
  serial: text("Số sê-ri", "Serial number"),
  fingerprint: text("Vân tay SHA-256", "SHA-256 fingerprint"),
  format: text("Dạng chữ ký", "Signature format"),
  conclusion: text("Kết luận ETSI", "ETSI conclusion"),
  hash: text("Mã băm SHA-256 của tệp", "SHA-256 of the file"),
  policy: text("Chính sách kiểm tra", "Policy"),
  checkedAt: text("Kiểm tra lúc", "Checked at"),
  zone: text("giờ Việt Nam", "Vietnam time"),
  subjectTeachers: text("{count} giáo viên bộ môn", "{count} subject teachers"),
  otherSubjectTeachers: text("{count} giáo viên bộ môn khác", "{count} other subject teachers"),
  moreFindings: text("Xem {count} nhận xét khác", "Show {count} more remarks"),
  unreadable: text("Không đọc được tệp", "The file cannot be read"),
  askOriginal: text(
    "Hãy xin trường cũ gửi tệp gốc (PDF hoặc XML).",
    "Ask the issuing school for the original (PDF or XML).",
  ),
  helpTitle: text("Cách hiểu kết quả", "How to read the result"),
  currency: text(
    "Trang này kiểm tra chữ ký trong tệp, chưa tra cứu việc nhà trường có thu hồi hay thay thế học bạ sau khi phát hành.",
    "This page checks the signatures in the file; it does not ask whether the school has since withdrawn or replaced the transcript.",
  ),
  api: text("Dành cho nhà phát triển: mô tả API", "For developers: API description"),
  notices: { checked: text("Đã kiểm tra xong: ", "Checked: "), failed: text("Không kiểm tra được: ", "Not checked: ") },
  waitBusy: text("Máy chủ bận, tự thử lại sau {seconds} giây", "The server is busy; trying again in {seconds} s"),
} as const;

/** One word for each verdict of EN 319 102-1, and what a clerk does with it. */
export const verdictWords: Readonly<Record<Indication, { word: Bilingual; advice: Bilingual }>> = {
  "TOTAL-PASSED": {
    word: text("Hợp lệ", "Valid"),
    advice: text("Có thể tiếp nhận tệp này.", "The file can be accepted."),
  },
  "TOTAL-FAILED": {
    word: text("Không hợp lệ", "Not valid"),
    advice: text(
      "Không tiếp nhận. Hãy xin trường cũ gửi lại tệp gốc.",
      "Do not accept it. Ask the issuing school for the original file.",
    ),
  },
  INDETERMINATE: {
    word: text("Chưa kết luận được", "Not decided"),
    advice: text(
      "Chưa đủ căn cứ. Hãy kiểm tra lại sau, hoặc hỏi trường cũ.",
      "Not enough is known. Check again later, or ask the issuing school.",
    ),
  },
  "NO-SIGNATURE": {
    word: text("Không có chữ ký số", "No digital signature"),
    advice: text(
      "Tệp không chứng minh được gì. Hãy xin bản đã ký số.",
      "The file proves nothing. Ask for the digitally signed one.",
    ),
  },
};

export const roleNames: Readonly<Record<string, Bilingual>> = {
  "subject-teacher": text("Giáo viên bộ môn", "Subject teacher"),
  "homeroom-teacher": text("Giáo viên chủ nhiệm", "Homeroom teacher"),
  principal: text("Hiệu trưởng (cán bộ quản lý)", "Principal"),
  seal: text("Con dấu nhà trường", "School seal"),
};

export const integrityWords: Readonly<Record<SignatureReport["integrity"], Bilingual>> = {
  intact: text("nguyên vẹn từ khi ký", "unchanged since signing"),
  broken: text("đã bị thay đổi", "was changed"),
  unknown: text("chưa kiểm tra được", "could not be checked"),
};

export const laterChangesWords: Readonly<Record<SignatureReport["laterChanges"], Bilingual | null>> = {
  none: null,
  permitted: text("sau đó chỉ có thêm những phần được phép", "later additions are all permitted"),
  suspicious: text("sau đó có thay đổi không được phép", "later changes are not permitted"),
};

export const levelWords: Readonly<Record<SignatureReport["level"], Bilingual>> = {
  none: text("cơ bản, không theo chuẩn AdES", "basic, not AdES"),
  B: text("B: chưa có dấu thời gian", "B: no time stamp"),
  T: text("T: có dấu thời gian", "T: time-stamped"),
  LT: text("LT: kèm dữ liệu để kiểm tra lâu dài", "LT: carries what long-term checking needs"),
  LTA: text("LTA: lưu trữ lâu dài", "LTA: for archiving"),
};

export const revocationWords = {
  good: text("không bị thu hồi", "not revoked"),
  revoked: text("ĐÃ BỊ THU HỒI", "REVOKED"),
  unknown: text("không rõ", "unknown"),
  asOf: text("theo {source}, cập nhật {time}", "by {source} of {time}"),
  revokedAt: text("từ {time}", "since {time}"),
  notFor: text(
    "Chưa kiểm tra được chứng thư của {name} có bị thu hồi không.",
    "Whether the certificate of {name} was revoked could not be checked.",
  ),
  timeNotFor: text("Thời điểm ký của {name} chưa được chứng minh.", "The time at which {name} signed is not proven."),
} as const;

export const severityWords = {
  error: text("Lỗi", "Error"),
  warning: text("Lưu ý", "Note"),
  info: text("Thông tin", "Information"),
} as const;
