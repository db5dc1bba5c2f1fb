import type { Bilingual } from "../bilingual.ts";
import type { Finding } from "./report.ts";

type Severity = Finding["severity"];
type Entry = readonly [severity: Severity, vi: string, en: string];

/**
 * Every sentence the verifier can say, by its stable code. `{name}` is replaced by a value; templates hold no other
 * logic. Severity may be lowered or raised by a policy rule.
 */
const CATALOGUE = {
  // The file
  NOT_RECOGNISED: ["error", "Tệp không phải PDF, XML hay CMS.", "The file is neither PDF, XML nor CMS."],
  EMPTY_FILE: ["error", "Tệp rỗng.", "The file is empty."],
  TOO_LARGE: ["error", "Tệp vượt giới hạn {limit} byte.", "The file exceeds the limit of {limit} bytes."],
  FILE_MALFORMED: ["error", "Không đọc được tệp: {reason}.", "The file cannot be read: {reason}."],
  VERIFICATION_STOPPED: [
    "error",
    "Việc kiểm tra tệp này bị dừng giữa chừng ({reason}).",
    "The verification of this file was stopped ({reason}).",
  ],
  ENCRYPTED: ["error", "Tệp PDF bị mã hoá nên không kiểm tra được.", "The PDF is encrypted and cannot be checked."],
  NO_SIGNATURE: ["error", "Tệp không có chữ ký số nào.", "The file carries no digital signature."],

  // EN 319 102-1 §5.2.2, format checking
  SIGNATURE_MALFORMED: [
    "error",
    "Cấu trúc chữ ký bị hỏng: {reason}.",
    "The signature's structure is damaged: {reason}.",
  ],
  CONTENTS_FOLLOWED: [
    "warning",
    "Sau chữ ký, chỗ dành cho nó còn chứa dữ liệu khác ngoài số 0; dữ liệu này không được ký và không có ý nghĩa gì.",
    "Behind the signature its reserved place holds other data than zeros; it is not signed and has no meaning.",
  ],
  BYTE_RANGE_INVALID: [
    "error",
    "Phạm vi ký (ByteRange) không hợp lệ: {reason}.",
    "The signed range (ByteRange) is not valid: {reason}.",
  ],
  BYTE_RANGE_OVERLAP: ["error", "Phạm vi ký chồng lên chữ ký khác.", "The signed range overlaps another signature's."],
  CONTENT_TYPE_MISSING: ["error", "Thiếu thuộc tính content-type.", "The content-type attribute is missing."],
  CONTENT_TYPE_MISMATCH: [
    "error",
    "Thuộc tính content-type không khớp với nội dung.",
    "The content-type attribute does not match the content.",
  ],
  MESSAGE_DIGEST_MISSING: ["error", "Thiếu thuộc tính message-digest.", "The message-digest attribute is missing."],
  ATTRIBUTE_REPEATED: [
    "error",
    "Thuộc tính {attribute} xuất hiện nhiều hơn một lần.",
    "Attribute {attribute} occurs more than once.",
  ],
  SIGNED_ATTRIBUTES_ABSENT: [
    "warning",
    "Chữ ký không có thuộc tính được ký.",
    "The signature has no signed attributes.",
  ],
  NOT_DER: [
    "info",
    "Thuộc tính được ký không ở dạng DER; đã kiểm tra theo dạng {form}.",
    "The signed attributes are not in DER; they were checked in their {form} form.",
  ],
  SUBFILTER_UNKNOWN: [
    "error",
    "Loại chữ ký PDF không hỗ trợ: {subFilter}.",
    "Unsupported PDF signature type: {subFilter}.",
  ],
  ENCAPSULATED_CONTENT: [
    "error",
    "Chữ ký PDF mang nội dung riêng bên trong, không phải nội dung tệp.",
    "The PDF signature carries content of its own instead of covering the file.",
  ],

  // §5.2.3, identification of the signing certificate
  SIGNING_CERTIFICATE_NOT_FOUND: [
    "error",
    "Không tìm thấy chứng thư của người ký.",
    "The signer's certificate was not found.",
  ],
  SIGNING_CERTIFICATE_ATTRIBUTE_MISSING: [
    "warning",
    "Chữ ký không ràng buộc chứng thư người ký (thiếu signing-certificate).",
    "The signature does not bind the signer's certificate (no signing-certificate attribute).",
  ],
  SIGNING_CERTIFICATE_MISMATCH: [
    "error",
    "Thuộc tính signing-certificate chỉ tới chứng thư khác.",
    "The signing-certificate attribute points to another certificate.",
  ],
  SIGNING_CERTIFICATE_ISSUER_SERIAL: [
    "warning",
    "Số sê-ri trong signing-certificate không khớp chứng thư.",
    "The issuer and serial number in signing-certificate do not match the certificate.",
  ],

  // §5.2.7, cryptographic verification
  CONTENT_MISSING: [
    "error",
    "Không có nội dung đã ký (chữ ký tách rời).",
    "The signed content is not at hand (detached signature).",
  ],
  HASH_MISMATCH: [
    "error",
    "Nội dung đã bị thay đổi sau khi ký ({what}).",
    "The content was changed after signing ({what}).",
  ],
  SIGNATURE_VALUE_WRONG: [
    "error",
    "Giá trị chữ ký không đúng với khoá của chứng thư.",
    "The signature value does not verify with the certificate's key.",
  ],
  ALGORITHM_UNSUPPORTED: ["error", "Thuật toán không hỗ trợ: {algorithm}.", "Unsupported algorithm: {algorithm}."],

  // §5.2.6, X.509 certificate validation, and §5.2.5, revocation freshness
  CHAIN_NOT_FOUND: [
    "error",
    "Không dựng được đường dẫn từ chứng thư tới một CA gốc tin cậy ({subject}).",
    "No path from the certificate to a trusted root was found ({subject}).",
  ],
  CHAIN_INVALID: [
    "error",
    "Đường dẫn chứng thư không hợp lệ: {reason}.",
    "The certificate path is not valid: {reason}.",
  ],
  CERTIFICATE_EXPIRED: [
    "error",
    "Chứng thư hết hạn ngày {notAfter} và không có bằng chứng rằng chữ ký có trước ngày đó.",
    "The certificate expired on {notAfter}, and nothing proves that the signature existed before.",
  ],
  CERTIFICATE_NOT_YET_VALID: [
    "error",
    "Chữ ký có trước khi chứng thư có hiệu lực ({notBefore}).",
    "The signature existed before the certificate became valid ({notBefore}).",
  ],
  CERTIFICATE_REVOKED: [
    "error",
    "Chứng thư đã bị thu hồi lúc {revokedAt} (lý do: {reason}) và không có bằng chứng rằng chữ ký có trước đó.",
    "The certificate was revoked at {revokedAt} (reason: {reason}), and nothing proves that the signature existed before.",
  ],
  CA_CERTIFICATE_REVOKED: [
    "error",
    "Chứng thư của một CA trong đường dẫn đã bị thu hồi lúc {revokedAt}.",
    "The certificate of a CA in the path was revoked at {revokedAt}.",
  ],
  REVOKED_AFTER_SIGNING: [
    "info",
    "Chứng thư bị thu hồi lúc {revokedAt}, sau thời điểm ký đã được chứng minh.",
    "The certificate was revoked at {revokedAt}, after the proven time of signing.",
  ],
  REVOCATION_UNKNOWN: [
    "error",
    "Không có thông tin thu hồi cho chứng thư {subject}; chưa kiểm tra được.",
    "No revocation information for certificate {subject}; it could not be checked.",
  ],
  KEY_USAGE: ["error", "Chứng thư không cho phép ký ({usage}).", "The certificate does not allow signing ({usage})."],

  // §5.2.8, signature acceptance
  DIGEST_WEAK: [
    "error",
    "Thuật toán {algorithm} của {use} không còn được chấp nhận từ {until}.",
    "Algorithm {algorithm} of the {use} has not been acceptable since {until}.",
  ],
  DIGEST_LEGACY: [
    "warning",
    "{use} dùng thuật toán cũ {algorithm}; quy tắc này chấp nhận đến {until}.",
    "The {use} uses the legacy algorithm {algorithm}; this policy accepts it until {until}.",
  ],
  KEY_SMALL: ["error", "Khoá {kind} {bits} bit quá ngắn.", "A {kind} key of {bits} bits is too small."],
  SIGNING_TIME_ABSENT: ["info", "Chữ ký không ghi thời điểm ký.", "The signature states no signing time."],
  SIGNING_TIME_LOCAL: [
    "warning",
    "Thời điểm ký ghi trong chữ ký nhanh hơn dấu thời gian {hours} giờ: giờ Việt Nam bị ghi nhãn UTC.",
    "The stated signing time is {hours} hours ahead of the time stamp: Vietnam local time labelled as UTC.",
  ],
  TIMESTAMP_SKEW: [
    "warning",
    "Dấu thời gian lệch {seconds} giây so với thời điểm ký ghi trong chữ ký (đồng hồ của {tsa} hoặc của người ký sai).",
    "The time stamp is {seconds} s off the stated signing time (the clock of {tsa} or of the signer is wrong).",
  ],
  SIGNING_TIME_IN_FUTURE: [
    "warning",
    "Thời điểm ký ghi trong chữ ký muộn hơn thời điểm kiểm tra {seconds} giây.",
    "The stated signing time lies {seconds} s after the time of validation.",
  ],

  // §5.4 and §5.6, time stamps and proofs of existence
  TIMESTAMP_MALFORMED: ["error", "Không đọc được dấu thời gian: {reason}.", "A time stamp cannot be read: {reason}."],
  TIMESTAMP_BROKEN: ["error", "Dấu thời gian bị hỏng ({reason}).", "A time stamp is broken ({reason})."],
  TIMESTAMP_IMPRINT: [
    "error",
    "Dấu thời gian không phải của chữ ký này.",
    "A time stamp does not stamp this signature.",
  ],
  TIMESTAMP_NOT_TRUSTED: [
    "warning",
    "Dấu thời gian lúc {time} chưa được công nhận ({sub}), nên không chứng minh thời điểm.",
    "The time stamp of {time} is not established ({sub}) and proves no time.",
  ],
  TIMESTAMP_UNPROVEN_DATA: [
    "warning",
    "Không tìm thấy một phần dữ liệu mà dấu thời gian lưu trữ bao phủ.",
    "Part of the data an archive time stamp covers was not found.",
  ],
  TIMESTAMP_OUTSIDE_VALIDITY: [
    "error",
    "Dấu thời gian lúc {time} nằm ngoài thời hạn chứng thư của {tsa}.",
    "The time stamp of {time} lies outside the validity of the certificate of {tsa}.",
  ],
  TIMESTAMP_IN_FUTURE: [
    "error",
    "Dấu thời gian lúc {time} muộn hơn thời điểm kiểm tra {seconds} giây.",
    "The time stamp of {time} lies {seconds} s after the time of validation.",
  ],
  TIMESTAMP_KEY_USAGE: [
    "error",
    "Chứng thư của {tsa} không dành cho cấp dấu thời gian.",
    "The certificate of {tsa} is not meant for time stamping.",
  ],
  EVIDENCE_RECORD_MALFORMED: [
    "error",
    "Không đọc được hồ sơ chứng cứ (evidence record): {reason}.",
    "An evidence record cannot be read: {reason}.",
  ],
  EVIDENCE_RECORD_BROKEN: [
    "error",
    "Hồ sơ chứng cứ (evidence record) không khớp với tài liệu: {reason}.",
    "An evidence record does not hold for the document: {reason}.",
  ],
  TIMESTAMP_ORDER: ["error", "Các dấu thời gian mâu thuẫn thứ tự.", "The time stamps contradict each other's order."],

  // What a signature covers, and what came after
  COVERAGE_PARTIAL: [
    "error",
    "Chữ ký không bao phủ toàn bộ nội dung: {reason}.",
    "The signature does not cover all of the content: {reason}.",
  ],
  COVERAGE_EARLIER_REVISION: [
    "info",
    "Chữ ký bao phủ phiên bản {revision} của tệp; sau đó có thêm nội dung.",
    "The signature covers revision {revision} of the file; more was added later.",
  ],
  LATER_CHANGES_PERMITTED: [
    "info",
    "Thay đổi sau chữ ký đều được phép: {changes}.",
    "All changes after the signature are permitted ones: {changes}.",
  ],
  LATER_CHANGES_SUSPICIOUS: [
    "error",
    "Sau khi ký, tệp bị thay đổi theo cách không được phép: {changes}.",
    "After signing the file was changed in a way nothing permits: {changes}.",
  ],
  UNSIGNED_AFTER_LAST: [
    "error",
    "Phần cuối của tệp không được chữ ký nào bao phủ.",
    "The end of the file is covered by no signature.",
  ],
  REFERENCE_NOT_FOUND: [
    "error",
    "Không tìm thấy phần được tham chiếu {uri}.",
    "The referenced part {uri} was not found.",
  ],
  XML_STRUCTURE_SUSPICIOUS: ["error", "Cấu trúc XML đáng ngờ: {reason}.", "Suspicious XML structure: {reason}."],
  XML_TRANSFORM_REFUSED: [
    "error",
    "Phép biến đổi XML không chấp nhận: {transform}.",
    "XML transform refused: {transform}.",
  ],
  XML_UNSIGNED_INSTRUCTION: [
    "error",
    "Tệp có chỉ thị cho phần mềm mà không ai ký ({path}): trình duyệt có thể hiển thị khác nội dung đã ký.",
    "The file holds an instruction to programs that nobody signed ({path}): a browser may show something else than was signed.",
  ],
  COUNTER_SIGNATURE: ["info", "Đây là chữ ký đối ứng (countersignature).", "This is a counter-signature."],

  // The transcript's role chain
  HOCBA_STEP_MISSING: ["error", "Thiếu chữ ký: {step}.", "A signature is missing: {step}."],
  HOCBA_STEP_NOT_PASSED: [
    "error",
    "Chữ ký của bước {step} không hợp lệ hoặc chưa được chứng minh.",
    "The signature of step {step} is not valid or not proven.",
  ],
  HOCBA_STEP_STAMP_BROKEN: [
    "error",
    "Dấu thời gian của bước {step} bị hỏng.",
    "The time stamp of step {step} is broken.",
  ],
  HOCBA_TIMESTAMP_MISSING: [
    "warning",
    "Chữ ký ở bước {step} không có dấu thời gian mà mẫu học bạ đòi hỏi: thời điểm ký chưa được chứng minh.",
    "The signature of step {step} has no time stamp, which the profile demands: when it was made is not proven.",
  ],
  HOCBA_STEP_REPEATED: ["error", "Bước {step} có {count} chữ ký.", "Step {step} carries {count} signatures."],
  HOCBA_WRONG_REFERENCE: [
    "error",
    "Chữ ký ở bước {step} phải ký trọn phần {wanted}, nhưng lại ký lên {found}.",
    "The signature of step {step} must cover the whole of {wanted}; what it covers is {found}.",
  ],
  HOCBA_WRONG_PLACE: [
    "error",
    "Có chữ ký không thuộc bước nào của học bạ ({place}).",
    "A signature stands where no step of the transcript has one ({place}).",
  ],
  HOCBA_STRUCTURE: [
    "error",
    "Học bạ thiếu hoặc trùng thành phần bắt buộc: {reason}.",
    "A compulsory part of the transcript is missing or doubled: {reason}.",
  ],
  PROFILE_FORMAT: [
    "error",
    "Tệp không phải loại mà mẫu {profile} dành cho ({format}).",
    "The file is not of the format that the profile {profile} is for ({format}).",
  ],
  HOCBA_UNSIGNED_CONTENT: [
    "error",
    "Có nội dung không được chữ ký nào bao phủ: {path}.",
    "There is content that no signature covers: {path}.",
  ],
  HOCBA_SIGNATURE_INSIDE: [
    "error",
    "Chữ ký ở bước {step} nằm bên trong phần mà nó ký.",
    "The signature of step {step} lies inside the part it signs.",
  ],
  HOCBA_ORDER: [
    "error",
    "Bước {later} được ký trước bước {earlier} ({seconds} giây).",
    "Step {later} was signed before step {earlier} ({seconds} s).",
  ],
  HOCBA_NOT_COVERED: [
    "error",
    "Chữ ký của {later} không bao phủ chữ ký của {earlier}.",
    "The signature of {later} does not cover that of {earlier}.",
  ],
  HOCBA_CHANGED_LATER: [
    "error",
    "Sau chữ ký ở bước {step} có thêm chú thích hoặc nội dung biểu mẫu; học bạ không cho phép.",
    "After the signature of step {step} comments or form content were added; a transcript admits none.",
  ],
  HOCBA_SEAL_EXPECTED: [
    "warning",
    "Chứng thư ở bước {step} không giống chứng thư của cơ quan (không có UID=MST:/MNS:).",
    "The certificate at step {step} does not look like an organisation's (no UID=MST:/MNS:).",
  ],
  HOCBA_SEAL_UNEXPECTED: [
    "warning",
    "Chứng thư ở bước {step} là chứng thư của cơ quan, không phải của cá nhân.",
    "The certificate at step {step} belongs to an organisation, not to a person.",
  ],
  HOCBA_NOT_REGISTERED: [
    "error",
    "Chứng thư {serial} không được đăng ký cho vai trò {role} của trường {school}.",
    "Certificate {serial} is not registered for the role {role} at school {school}.",
  ],
  HOCBA_NO_REGISTRY: [
    "warning",
    "Chưa đối chiếu người ký với danh sách đăng ký của trường.",
    "The signers were not compared with the school's register.",
  ],
  HOCBA_SAME_CERTIFICATE: [
    "warning",
    "Cùng một chứng thư ký cả bước {first} và bước {second}.",
    "One certificate signed both step {first} and step {second}.",
  ],
} as const satisfies Record<string, Entry>;

export type FindingCode = keyof typeof CATALOGUE;

/** A finding with its values filled in. `severity` overrides the catalogue's where a policy says so. */
export function finding(
  code: FindingCode,
  values: Readonly<Record<string, string | number | Bilingual>> = {},
  severity?: Severity,
): Finding {
  const [usual, vi, en] = CATALOGUE[code] as Entry;
  const fill = (text: string, language: keyof Bilingual) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? "?";
      return typeof value === "object" ? value[language] : String(value);
    });
  return { code, severity: severity ?? usual, message: { vi: fill(vi, "vi"), en: fill(en, "en") } };
}

/** All codes, for documentation and for the test that every one has both languages. */
export const FINDING_CODES = Object.keys(CATALOGUE) as FindingCode[];
