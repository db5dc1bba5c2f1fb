import type { SeededRandom } from "./random.ts";

export type Gender = "Nam" | "Nữ";

const families = (
  "Nguyễn Nguyễn Nguyễn Trần Trần Lê Lê Phạm Huỳnh Huỳnh Võ Phan Trương Bùi Đặng Đỗ Ngô Hồ Dương Lý Châu " +
  "Lâm Tô Quách Mạc Thái Cao Đinh Đoàn Hà"
).split(" ");
const middles: Record<Gender, readonly string[]> = {
  Nam: "Văn Minh Hoàng Quốc Gia Đức Hữu Thanh Nhật Tuấn Chí Thiện Đăng Khánh Trọng Phước".split(" "),
  Nữ: "Thị Ngọc Thanh Phương Khánh Thuỳ Như Bảo Mỹ Kim Cẩm Tường Diệu Quỳnh Hồng Ái".split(" "),
};
const givens: Record<Gender, readonly string[]> = {
  Nam: "An Bảo Dũng Duy Đạt Hiếu Hoà Huy Khang Khoa Kiệt Lộc Long Nam Nghĩa Nhân Phát Phong Phúc Quân Sơn Tài Thắng Thịnh Trí Trung Tú Vinh".split(
    " ",
  ),
  Nữ: "Ánh Châu Chi Diễm Dung Giang Hà Hân Hạnh Hương Huyền Lan Linh Ly Mai My Nga Ngân Nhi Như Oanh Phượng Quyên Quỳnh Thảo Thư Thuỷ Trâm Trang Trúc Tuyền Uyên Vy Yến".split(
    " ",
  ),
};

/** A fictional full name, family name first, in NFC. */
export function fictionalName(random: SeededRandom, gender: Gender, family = random.pick(families)): string {
  return `${family} ${random.pick(middles[gender])} ${random.pick(givens[gender])}`.normalize("NFC");
}

/** Family name of a full name, which a child takes from the father. */
export function familyName(fullName: string): string {
  return fullName.slice(0, fullName.indexOf(" "));
}

/** ASCII form for e-mail addresses: "Võ Thị Ánh" → "vothianh". */
export function withoutDiacritics(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replaceAll("đ", "d")
    .replaceAll("Đ", "D")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "");
}
