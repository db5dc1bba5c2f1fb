import type { Bilingual } from "@hocba/signatures";
import { text } from "./texts.ts";

/** Why there is no verdict, for the reader; `retryAfter` in seconds where coming again makes sense. */
export interface Failure {
  readonly title: Bilingual;
  readonly whatToDo: Bilingual;
  readonly retryAfter: number | null;
  /** The same file can only fail again. */
  readonly final?: true;
}

export const failures = {
  empty: {
    title: text("Tệp rỗng, không có gì để kiểm tra", "The file is empty; there is nothing to check"),
    whatToDo: text("Hãy chọn lại tệp gốc.", "Choose the original file."),
    retryAfter: null,
    final: true,
  },
  offline: {
    title: text("Thiết bị đang mất mạng", "This device is offline"),
    whatToDo: text("Nối mạng rồi bấm Thử lại. Tệp chưa được gửi đi.", "Connect and try again. The file was not sent."),
    retryAfter: null,
  },
  unreachable: {
    title: text("Không liên lạc được với máy chủ", "The server cannot be reached"),
    whatToDo: text(
      "Mạng yếu, máy chủ đang dừng, hoặc tệp quá lớn. Hãy thử lại sau ít phút.",
      "The line is weak, the server is down, or the file is too large. Try again in a few minutes.",
    ),
    retryAfter: null,
  },
  timeout: {
    title: text("Máy chủ trả lời quá lâu", "The server took too long"),
    whatToDo: text("Hãy thử lại sau ít phút.", "Try again in a few minutes."),
    retryAfter: null,
  },
  busy: {
    title: text("Máy chủ đang nhận quá nhiều yêu cầu", "The server is receiving too many requests"),
    whatToDo: text("Chờ một lát rồi bấm Thử lại.", "Wait a moment, then try again."),
    retryAfter: null,
  },
  server: {
    title: text("Máy chủ gặp lỗi, chưa kiểm tra được tệp", "The server failed; the file was not checked"),
    whatToDo: text(
      "Thử lại sau ít phút; nếu vẫn lỗi, báo cho đơn vị vận hành.",
      "Try again in a few minutes; if it fails again, tell the operator.",
    ),
    retryAfter: null,
  },
  tooLarge: (limit: number | null): Failure => {
    const size = limit === null ? null : Math.floor(limit / 1_048_576);
    return {
      title: text("Tệp quá lớn", "The file is too large"),
      whatToDo:
        size === null
          ? text("Hãy chọn tệp nhỏ hơn.", "Choose a smaller file.")
          : text(`Hãy chọn tệp không quá ${size} MB.`, `Choose a file of at most ${size} MB.`),
      retryAfter: null,
      final: true,
    };
  },
} as const satisfies Record<string, Failure | ((limit: number | null) => Failure)>;
