/** A subject or educational activity of lower secondary school (chương trình GDPT 2018). */
export interface Subject {
  /** The ministry's subject code for lower secondary school, two digits. */
  readonly code: string;
  readonly name: string;
  readonly english: string;
  /** TT 22/2021 Đ.5: by marks 0–10, or by comments alone (Đ, CĐ). */
  readonly assessedBy: "mark" | "comment";
}

/**
 * The twelve subjects of grades 6 to 9, in the order of the paper record. The codes are those of the ministry's list for
 * lower secondary school; which of 26, 27, 31, 32 and 97 belongs to which subject is not public and assumed here.
 */
export const lowerSecondarySubjects: readonly Subject[] = [
  { code: "19", name: "Ngữ văn", english: "Literature", assessedBy: "mark" },
  { code: "15", name: "Toán", english: "Mathematics", assessedBy: "mark" },
  { code: "69", name: "Tiếng Anh", english: "English", assessedBy: "mark" },
  { code: "27", name: "Giáo dục công dân", english: "Civic education", assessedBy: "mark" },
  { code: "05", name: "Lịch sử và Địa lí", english: "History and geography", assessedBy: "mark" },
  { code: "26", name: "Khoa học tự nhiên", english: "Natural science", assessedBy: "mark" },
  { code: "31", name: "Công nghệ", english: "Technology", assessedBy: "mark" },
  { code: "32", name: "Tin học", english: "Informatics", assessedBy: "mark" },
  { code: "88", name: "Giáo dục thể chất", english: "Physical education", assessedBy: "comment" },
  { code: "97", name: "Nghệ thuật", english: "Arts", assessedBy: "comment" },
  {
    code: "91",
    name: "Hoạt động trải nghiệm, hướng nghiệp",
    english: "Experience and career guidance",
    assessedBy: "comment",
  },
  { code: "99", name: "Nội dung giáo dục địa phương", english: "Local education", assessedBy: "comment" },
];
