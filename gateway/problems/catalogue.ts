import type { Bilingual } from "@hocba/signatures";

/** What a person reads for an error code: what happened, and what to do. Vietnamese first. */
export interface ProblemText {
  readonly status: number;
  readonly title: Bilingual;
  readonly whatToDo: Bilingual;
}

const entry = (status: number, vi: string, en: string, todoVi: string, todoEn: string): ProblemText => ({
  status,
  title: { vi, en },
  whatToDo: { vi: todoVi, en: todoEn },
});

const askOperator = ["Báo cho người vận hành cổng ký.", "Tell the operator of the gateway."] as const;
const comeAgain = ["Gửi lại sau ít phút.", "Send it again in a few minutes."] as const;
const nothingToDo = [
  "Không cần làm gì: hệ thống tự thử lại, tài liệu không bị mất.",
  "Nothing: the gateway tries again by itself, the document is not lost.",
] as const;
const sendOriginal = [
  "Gửi lại tệp gốc, chưa qua công cụ nén hoặc chỉnh sửa nào.",
  "Send the original file again, untouched by any tool.",
] as const;

/** One entry per code that can reach a caller, from whatever package it comes. */
const catalogue: Readonly<Record<string, ProblemText>> = {
  // access
  UNAUTHENTICATED: entry(
    401,
    "Thiếu khoá API hoặc khoá không đúng",
    "The API key is missing or wrong",
    "Gửi tiêu đề Authorization: Bearer với khoá còn hiệu lực.",
    "Send the header Authorization: Bearer with a key in force.",
  ),
  FORBIDDEN_SCOPE: entry(
    403,
    "Khoá API không có quyền này",
    "The API key lacks this scope",
    "Dùng khoá có quyền cần thiết.",
    "Use a key that has the scope named in details.",
  ),
  FORBIDDEN_SCHOOL: entry(
    403,
    "Khoá API thuộc trường khác",
    "The API key belongs to another school",
    "Dùng khoá của đúng trường.",
    "Use the key of the school the document belongs to.",
  ),
  // requests
  REQUEST_INVALID: entry(
    400,
    "Yêu cầu không hợp lệ",
    "The request is not valid",
    "Sửa các tham số được nêu.",
    "Correct the parameters named in details.",
  ),
  NOT_FOUND: entry(404, "Không tìm thấy", "Not found", "Kiểm tra lại địa chỉ và mã.", "Check the address and the id."),
  METHOD_NOT_ALLOWED: entry(
    405,
    "Phương thức không được phép",
    "Method not allowed",
    "Xem /openapi.json.",
    "See /openapi.json.",
  ),
  BODY_TOO_LARGE: entry(
    413,
    "Tệp quá lớn",
    "The file is too large",
    "Gửi tệp nhỏ hơn giới hạn được nêu.",
    "Send a file below the limit named in details.",
  ),
  BODY_EMPTY: entry(
    400,
    "Không có nội dung",
    "There is no content",
    'Gửi tệp trong thân yêu cầu hoặc trường "file".',
    'Send the file as the body, or in the form field "file".',
  ),
  RATE_LIMITED: entry(
    429,
    "Quá nhiều yêu cầu",
    "Too many requests",
    "Chờ số giây trong Retry-After rồi gửi lại.",
    "Wait the seconds in Retry-After, then send again.",
  ),
  AT_CAPACITY: entry(
    429,
    "Hệ thống đang đầy",
    "The gateway is at capacity",
    "Chờ số giây trong Retry-After rồi gửi lại.",
    "Wait the seconds in Retry-After, then send again.",
  ),
  IDEMPOTENCY_CONFLICT: entry(
    409,
    "Idempotency-Key đã dùng cho tài liệu khác",
    "The Idempotency-Key was used for another document",
    "Dùng khoá mới cho tài liệu mới.",
    "Use a new key for a new document.",
  ),
  WEBHOOKS_TOO_MANY: entry(
    409,
    "Trường đã có quá nhiều webhook",
    "The school has too many webhooks",
    "Xoá webhook không dùng nữa rồi thử lại.",
    "Remove one that is not used any more, then try again.",
  ),
  CONTENT_NOT_READY: entry(
    409,
    "Tài liệu chưa ký xong",
    "The document is not signed yet",
    "Hỏi lại trạng thái; thêm ?revision=current để lấy bản đang ký.",
    "Ask for the state again; ?revision=current gives the revision in work.",
  ),
  // documents
  PROFILE_UNKNOWN: entry(
    400,
    "Không có quy trình ký này",
    "There is no such profile",
    "Chọn một trong các quy trình được nêu.",
    "Choose one of the profiles named in details.",
  ),
  FORMAT_MISMATCH: entry(
    415,
    "Định dạng không khớp với quy trình",
    "The format does not fit the profile",
    "Gửi đúng loại tệp, hoặc chọn quy trình khác.",
    "Send a file of the right kind, or choose another profile.",
  ),
  SCHOOL_UNKNOWN: entry(403, "Trường chưa được đăng ký", "The school is not registered", ...askOperator),
  SCHOOL_MISMATCH: entry(
    403,
    "Mã trường trong tệp không phải trường của khoá API",
    "The school in the file is not the school of the API key",
    "Gửi bằng khoá của đúng trường.",
    "Send it with the key of that school.",
  ),
  ALREADY_SIGNED: entry(
    422,
    "Chỗ ký trong tệp đã có chữ ký",
    "A place for a signature is taken already",
    "Gửi tệp chưa ký.",
    "Send the unsigned file.",
  ),
  BATCH_EMPTY: entry(
    400,
    "Lô không có tài liệu",
    "The batch holds no document",
    "Gửi ít nhất một tệp.",
    "Send at least one file.",
  ),
  BATCH_TOO_MANY: entry(
    413,
    "Lô có quá nhiều tài liệu",
    "The batch holds too many documents",
    "Chia thành nhiều lô.",
    "Split it into several batches.",
  ),
  ZIP_MALFORMED: entry(400, "Tệp ZIP hỏng", "The ZIP file is damaged", ...sendOriginal),
  PDF_NOT_A_PDF: entry(422, "Tệp không phải PDF", "The file is not a PDF", ...sendOriginal),
  PDF_MALFORMED: entry(422, "Tệp PDF hỏng", "The PDF is damaged", ...sendOriginal),
  PDF_TRUNCATED: entry(422, "Tệp PDF bị cắt cụt", "The PDF is truncated", ...sendOriginal),
  PDF_ENCRYPTED: entry(
    422,
    "Tệp PDF có mật khẩu hoặc mã hoá",
    "The PDF is encrypted",
    "Bỏ mật khẩu rồi gửi lại.",
    "Remove the password and send it again.",
  ),
  PDF_CERTIFIED_NO_CHANGES: entry(
    422,
    "Tệp PDF đã chứng thực, không cho thay đổi",
    "The PDF is certified and forbids changes",
    "Gửi tệp chưa chứng thực.",
    "Send the file without the certification.",
  ),
  PDF_FIELD_EXISTS: entry(
    422,
    "Trường chữ ký đã tồn tại",
    "The signature field exists already",
    "Gửi tệp chưa ký.",
    "Send the unsigned file.",
  ),
  PDF_LIMIT: entry(422, "Tệp PDF vượt giới hạn cấu trúc", "The PDF exceeds a structural limit", ...sendOriginal),
  XML_NOT_WELL_FORMED: entry(422, "Tệp XML sai cú pháp", "The XML is not well-formed", ...sendOriginal),
  XML_DTD_FORBIDDEN: entry(
    422,
    "Tệp XML có DTD",
    "The XML has a DTD",
    "Bỏ khai báo DOCTYPE.",
    "Remove the DOCTYPE declaration.",
  ),
  XML_UNSIGNED_CONTENT: entry(
    422,
    "Tệp XML có nội dung sẽ không được chữ ký nào bao phủ",
    "The XML holds content that no signature would cover",
    "Đưa nội dung đó vào phần được ký, hoặc bỏ đi; chỉ thị cho trình duyệt (xml-stylesheet) cũng phải bỏ.",
    "Move it into the signed part or leave it out; instructions to browsers (xml-stylesheet) must go too.",
  ),
  XML_DUPLICATE_ID: entry(
    422,
    "Tệp XML có Id trùng nhau",
    "The XML has duplicate Ids",
    "Sửa phần mềm tạo tệp để mỗi Id là duy nhất.",
    "Correct the producing software: each Id must be unique.",
  ),
  XML_MISSING_ELEMENT: entry(
    422,
    "Tệp XML thiếu phần bắt buộc",
    "The XML lacks a required part",
    "Bổ sung phần được nêu.",
    "Add the part named in details.",
  ),
  XML_UNSUPPORTED: entry(
    422,
    "Tệp XML dùng cấu trúc không hỗ trợ",
    "The XML uses something unsupported",
    ...sendOriginal,
  ),
  XML_SIGNATURE_MALFORMED: entry(
    422,
    "Chữ ký XML có sẵn bị hỏng",
    "A signature in the XML is damaged",
    ...sendOriginal,
  ),
  XML_HOLDER_TAKEN: entry(
    422,
    "Chỗ ký trong tệp XML đã có chữ ký",
    "A place for a signature in the XML is taken",
    "Gửi tệp chưa ký.",
    "Send the unsigned file.",
  ),
  XML_HOLDER_INSIDE_REFERENCE: entry(
    422,
    "Chỗ ký nằm trong phần đã được ký",
    "A place for a signature lies inside what a signature covers",
    "Gửi tệp chưa ký, đúng cấu trúc của quy trình.",
    "Send the unsigned file, in the shape of the profile.",
  ),
  XML_LIMIT: entry(422, "Tệp XML vượt giới hạn cấu trúc", "The XML exceeds a structural limit", ...sendOriginal),
  EVIDENCE_RECORD_MALFORMED: entry(422, "Hồ sơ bằng chứng hỏng", "The evidence record is damaged", ...sendOriginal),
  EVIDENCE_RECORD_UNSUPPORTED: entry(
    422,
    "Hồ sơ bằng chứng dùng cấu trúc không hỗ trợ",
    "The evidence record uses something unsupported",
    ...askOperator,
  ),
  CMS_MALFORMED: entry(422, "Chữ ký CMS hỏng", "The CMS is damaged", ...sendOriginal),
  // signing: final
  SIGNER_NOT_BOUND: entry(
    422,
    "Chưa đăng ký người ký cho vai trò này",
    "No signer is registered for this role",
    "Đăng ký chứng thư cho vai trò được nêu (hocba registry bind), rồi cho ký lại.",
    "Register a certificate for the role named in details (hocba registry bind), then resume.",
  ),
  SIGNER_AMBIGUOUS: entry(
    422,
    "Có nhiều người ký cho cùng vai trò",
    "More than one signer is registered for this role",
    "Giới hạn đăng ký theo môn hoặc lớp.",
    "Limit the bindings by subject or class.",
  ),
  SIGNER_REFUSED: entry(
    422,
    "Người ký từ chối",
    "The signer refused",
    "Xem lý do, sửa và gửi tài liệu mới.",
    "See the reason, correct it and send a new document.",
  ),
  CERTIFICATE_EXPIRED: entry(
    422,
    "Chứng thư số đã hết hạn",
    "The certificate has expired",
    "Gia hạn chứng thư và đăng ký lại.",
    "Renew the certificate and register it.",
  ),
  CERTIFICATE_NOT_YET_VALID: entry(
    422,
    "Chứng thư số chưa có hiệu lực",
    "The certificate is not valid yet",
    "Kiểm tra đồng hồ máy chủ và chứng thư.",
    "Check the server's clock and the certificate.",
  ),
  CERTIFICATE_KEY_MISMATCH: entry(
    422,
    "Khoá không khớp với chứng thư",
    "The key does not fit the certificate",
    "Kiểm tra CKA_ID trong đăng ký.",
    "Check the CKA_ID of the binding.",
  ),
  CERTIFICATE_KEY_USAGE: entry(
    422,
    "Chứng thư không dùng để ký",
    "The certificate is not for signing",
    "Dùng chứng thư có keyUsage ký số.",
    "Use a certificate whose key usage allows signatures.",
  ),
  CERTIFICATE_UNUSABLE: entry(422, "Chứng thư số không dùng được", "The certificate cannot be used", ...askOperator),
  CERTIFICATE_MALFORMED: entry(422, "Chứng thư số hỏng", "The certificate is damaged", ...askOperator),
  PIN_INCORRECT: entry(
    503,
    "Sai mã PIN",
    "The PIN is wrong",
    "Người vận hành sửa mã PIN; hệ thống không tự thử lại mã sai để tránh khoá token. Tài liệu chờ, không bị mất.",
    "The operator corrects the PIN; a refused one is never tried again, since tokens lock. Documents wait, none is lost.",
  ),
  PIN_LOCKED: entry(503, "Mã PIN đã bị khoá", "The PIN is locked", "Mở khoá token.", "Unlock the token."),
  KEY_NOT_FOUND: entry(
    422,
    "Không tìm thấy khoá trên token",
    "The key is not on the token",
    "Kiểm tra CKA_ID trong đăng ký.",
    "Check the CKA_ID of the binding.",
  ),
  MECHANISM_UNSUPPORTED: entry(
    422,
    "Khoá không hỗ trợ thuật toán này",
    "The key does not support this algorithm",
    "Chọn thuật toán khác trong đăng ký.",
    "Choose another algorithm in the binding.",
  ),
  MODULE_UNUSABLE: entry(
    503,
    "Không nạp được thư viện PKCS #11",
    "The PKCS #11 module cannot be loaded",
    ...askOperator,
  ),
  VERIFICATION_FAILED: entry(
    422,
    "Bản đã ký không qua được kiểm tra",
    "The signed document failed its verification",
    ...askOperator,
  ),
  VERIFICATION_STOPPED: entry(
    503,
    "Chưa kiểm tra được tệp này: việc kiểm tra mất quá nhiều thời gian hoặc bộ nhớ",
    "This file was not checked: it took too much time or memory",
    "Thử lại sau ít phút; nếu vẫn vậy, xin bản gốc từ nơi phát hành. Chưa có kết luận nào về tệp.",
    "Try again in a few minutes; if it happens again, ask the issuer for the original. Nothing is known of the file.",
  ),
  SIGNATURE_VALUE_INVALID: entry(422, "Giá trị chữ ký sai", "The signature value is wrong", ...askOperator),
  RESERVED_PLACE_TOO_SMALL: entry(
    422,
    "Chỗ dành cho chữ ký quá nhỏ",
    "The reserved place is too small",
    ...askOperator,
  ),
  TOO_MANY_ATTEMPTS: entry(
    503,
    "Đã thử quá nhiều lần",
    "Tried too often",
    "Khắc phục nguyên nhân được nêu rồi cho ký lại (hocba registry resume).",
    "Remove the cause named in details, then resume (hocba registry resume).",
  ),
  // signing: passes by itself
  TOKEN_ABSENT: entry(
    503,
    "Không thấy token",
    "The token is absent",
    "Cắm lại token hoặc khởi động token host; tài liệu không bị mất.",
    "Plug the token in or start the token host; nothing is lost.",
  ),
  TOKEN_FAILED: entry(503, "Token báo lỗi", "The token reported an error", ...nothingToDo),
  TOKEN_TIMEOUT: entry(503, "Token không trả lời", "The token does not answer", ...nothingToDo),
  TOKEN_BUSY: entry(503, "Token đang bận", "The token is busy", ...nothingToDo),
  TSA_UNAVAILABLE: entry(503, "Không lấy được dấu thời gian", "No time stamp is to be had", ...nothingToDo),
  TSP_REJECTED: entry(503, "Dịch vụ dấu thời gian từ chối", "The time-stamping authority refused", ...nothingToDo),
  TSP_MALFORMED: entry(503, "Dấu thời gian hỏng", "The time stamp is damaged", ...nothingToDo),
  TSP_WRONG_NONCE: entry(503, "Dấu thời gian sai nonce", "The time stamp has a wrong nonce", ...nothingToDo),
  TSP_WRONG_IMPRINT: entry(503, "Dấu thời gian của dữ liệu khác", "The time stamp is for other data", ...nothingToDo),
  TSP_WRONG_POLICY: entry(503, "Dấu thời gian sai chính sách", "The time stamp has a wrong policy", ...nothingToDo),
  TSP_UNTRUSTED: entry(
    503,
    "Không tin được dịch vụ dấu thời gian",
    "The time-stamping authority is not trusted",
    ...askOperator,
  ),
  TSP_CLOCK_SKEW: entry(
    503,
    "Đồng hồ của dịch vụ dấu thời gian sai",
    "The clock of the time-stamping authority is off",
    ...nothingToDo,
  ),
  VERIFICATION_INDETERMINATE: entry(
    503,
    "Chưa đủ thông tin để kiểm tra bản đã ký",
    "The signed document cannot be judged yet",
    ...nothingToDo,
  ),
  EVIDENCE_UNAVAILABLE: entry(
    503,
    "Chưa lấy đủ thông tin thu hồi để lưu giữ lâu dài",
    "Validation data for long-term preservation cannot be had yet",
    ...nothingToDo,
  ),
  LEVEL_NOT_REACHED: entry(
    500,
    "Tài liệu không đạt mức lưu giữ lâu dài đã yêu cầu",
    "The document did not reach the long-term level that was asked for",
    ...askOperator,
  ),
  FETCH_FAILED: entry(
    503,
    "Không tải được thông tin thu hồi",
    "Revocation information cannot be fetched",
    ...nothingToDo,
  ),
  FETCH_REFUSED: entry(
    503,
    "Địa chỉ trong chứng thư không được phép truy cập",
    "An address in a certificate may not be fetched",
    ...askOperator,
  ),
  LEDGER_CONFLICT: entry(
    409,
    "Tài liệu vừa thay đổi",
    "The document has just changed",
    "Đọc lại trạng thái.",
    "Read the state again.",
  ),
  LEDGER_TRANSITION_FORBIDDEN: entry(
    409,
    "Trạng thái hiện tại không cho phép",
    "The document's state does not allow this",
    "Đọc lại trạng thái.",
    "Read the state again.",
  ),
  LEDGER_UNAVAILABLE: entry(503, "Sổ cái tạm không ghi được", "The ledger cannot be written", ...comeAgain),
  LEDGER_DUPLICATE: entry(409, "Mã đã tồn tại", "The id is taken", "Dùng mã khác.", "Use another id."),
  STORE_FULL: entry(
    507,
    "Hết chỗ lưu trữ",
    "No space left",
    "Người vận hành giải phóng dung lượng; sau đó gửi lại. Tài liệu đã nhận vẫn an toàn.",
    "The operator frees space, then send again. What was accepted is safe.",
  ),
  STORE_DAMAGED: entry(500, "Tệp lưu trữ bị hỏng", "A stored file is damaged", ...askOperator),
  STORE_MISSING: entry(500, "Mất tệp lưu trữ", "A stored file is missing", ...askOperator),
  STORE_UNAVAILABLE: entry(503, "Kho lưu trữ tạm không dùng được", "The store cannot be used", ...comeAgain),
  QUEUE_UNAVAILABLE: entry(503, "Hàng đợi tạm không dùng được", "The queue cannot be used", ...nothingToDo),
  BACKUP_UNREADABLE: entry(
    500,
    "Không dùng được thư mục này để sao lưu hay khôi phục",
    "This folder cannot be used for a backup or a restore",
    "Chọn thư mục trống hoặc thư mục của một bản sao lưu, nằm ngoài thư mục dữ liệu.",
    "Choose an empty folder or that of a backup, outside the data folder.",
  ),
  BACKUP_DAMAGED: entry(
    500,
    "Bản sao lưu đã hỏng",
    "The backup is damaged",
    "Dùng một bản sao lưu khác; thư mục dữ liệu chưa bị thay đổi.",
    "Use another backup; the data folder was not changed.",
  ),
  BACKUP_TARGET_NOT_EMPTY: entry(
    500,
    "Thư mục dữ liệu không rỗng",
    "The data folder is not empty",
    "Chuyển thư mục dữ liệu cũ đi chỗ khác rồi chạy lại; không có gì bị ghi đè.",
    "Move the old data folder away and run this again; nothing is ever overwritten.",
  ),
  INTERNAL: entry(500, "Lỗi bên trong", "Internal error", ...askOperator),
};

/** The words for a code; an unknown code is an internal error and gives nothing away. */
export function problemText(code: string): ProblemText {
  return Object.hasOwn(catalogue, code) ? catalogue[code]! : catalogue.INTERNAL!;
}

/** The codes that have words of their own. */
export function knownProblemCodes(): string[] {
  return Object.keys(catalogue);
}
