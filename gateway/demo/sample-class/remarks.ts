import type { Level, SubjectResult } from "./assessment.ts";
import type { SeededRandom } from "./random.ts";

const byMark: readonly (readonly [from: number, remarks: readonly string[]])[] = [
  [90, ["Tiếp thu nhanh, vận dụng sáng tạo.", "Nắm rất vững kiến thức, tự học tốt.", "Xuất sắc, biết giúp đỡ bạn."]],
  [80, ["Hiểu bài, vận dụng tốt.", "Chăm chỉ, tiến bộ đều.", "Nắm vững kiến thức, trình bày rõ ràng."]],
  [
    65,
    [
      "Nắm được kiến thức, cần luyện tập thêm.",
      "Có cố gắng, tiến bộ ở học kì II.",
      "Hiểu bài, cần mạnh dạn phát biểu.",
    ],
  ],
  [50, ["Đạt yêu cầu, cần chăm chỉ hơn.", "Còn chậm, có ý thức vươn lên.", "Cần rèn thêm kĩ năng làm bài."]],
  [0, ["Chưa nắm chắc kiến thức, cần ôn tập trong hè.", "Cần cố gắng nhiều hơn, học bài đều đặn."]],
];
const byComment = {
  Đ: ["Tích cực tham gia, hoàn thành tốt.", "Có năng khiếu, hợp tác tốt với bạn.", "Hoàn thành các yêu cầu."],
  CĐ: ["Chưa hoàn thành yêu cầu, cần rèn luyện thêm."],
} as const;

/** The subject teacher's remark that fits the year's result. */
export function subjectRemark(random: SeededRandom, result: SubjectResult): string {
  if (result.by === "comment") return random.pick(byComment[result.year]);
  const band = byMark.find(([from]) => result.year >= from);
  return random.pick(band === undefined ? [""] : band[1]);
}

const homeroom: Record<Level, readonly string[]> = {
  T: [
    "Ngoan, lễ phép, chăm học, kết quả học tập tốt ở hầu hết các môn. Tích cực trong phong trào của lớp, được bạn bè quý mến.",
    "Có ý thức tự giác cao, học đều các môn, biết giúp đỡ bạn. Cần giữ vững và phát huy trong năm học tới.",
  ],
  K: [
    "Ngoan, chấp hành tốt nội quy, có nhiều cố gắng trong học tập. Cần mạnh dạn hơn khi phát biểu xây dựng bài.",
    "Chăm chỉ, hoà đồng, tiến bộ rõ ở học kì II. Cần luyện tập thêm các môn khoa học để đạt kết quả cao hơn.",
  ],
  Đ: [
    "Chấp hành nội quy, có ý thức vươn lên. Cần chăm chỉ học bài ở nhà và tập trung hơn trong giờ học.",
    "Ngoan, tham gia đầy đủ các hoạt động của lớp. Kết quả học tập đạt yêu cầu, cần cố gắng nhiều hơn nữa.",
  ],
  CĐ: [
    "Kết quả học tập chưa đạt yêu cầu ở một số môn. Gia đình và nhà trường cần phối hợp giúp em ôn tập, rèn luyện trong hè.",
  ],
};

/** The homeroom teacher's remark on the year. */
export function homeroomRemark(random: SeededRandom, learning: Level): string {
  return random.pick(homeroom[learning]);
}
