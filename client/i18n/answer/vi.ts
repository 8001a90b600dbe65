/** Vietnamese words of an answer on its way: the gate, and the choice to keep it. */
import { duration } from '../durations/vi.ts';
import type { answer as en } from './en.ts';

/** Vietnamese words of an answer on its way: the gate, and the choice to keep it. */
export const answer: typeof en = {
  gate: {
    heading: 'Đang gửi câu\u00a0trả\u00a0lời của bạn',
    headingAll: 'Đang gửi các câu\u00a0trả\u00a0lời của bạn',
    headingFailed: 'Chưa gửi được',
    progress: 'Phần đã gửi của câu trả lời',
    retry: 'Thử lại',
    stay: 'Vui lòng giữ trang này mở.',
    sentWhenClosed:
      'Nếu trang này bị đóng, thiết bị của bạn vẫn gửi câu trả lời này. Để tiếp tục, hãy mở lại đường dẫn của bạn.',
  },

  recovered: {
    heading: 'Câu\u00a0trả\u00a0lời của bạn bị ngắt giữa\u00a0chừng',
    text: (s) =>
      `Chúng tôi đã lưu được ${duration(s)} câu trả lời của bạn trước khi trang bị đóng hoặc tải lại. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    interrupted: (s) =>
      `Chúng tôi đã lưu được ${duration(s)} câu trả lời của bạn trước khi việc ghi hình dừng lại. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    short: (s, of) =>
      `Bạn đã nói ${duration(of)} nhưng chỉ ghi được ${duration(s)}. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    refusedHeading: 'Xin hãy trả\u00a0lời lại câu\u00a0hỏi này',
    refused:
      'Không thể gửi câu trả lời này. Bản ghi vẫn còn trên thiết bị: bạn có thể lưu một bản sao. Trả lời lại không bị tính thêm lượt.',
    refusedLost: 'Trả lời lại không bị tính thêm lượt.',
    reviewHeading: 'Câu\u00a0trả\u00a0lời của bạn đã được ghi',
    muted: (s) =>
      `Bạn đã nói ${duration(s)}, nhưng có một đoạn máy ảnh hoặc micrô không có tín hiệu, có thể do cuộc gọi. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    review: (s) => `Bạn đã nói ${duration(s)}. Bạn có thể xem lại rồi chọn.`,
    reviewUnseen: (s) => `Bạn đã nói ${duration(s)}. Xin hãy chọn.`,
    playIt: 'Bạn có thể xem lại trước khi chọn.',
    playback: 'Bản ghi của bạn',
    keep: 'Giữ câu trả lời này',
    again: 'Trả lời lại',
    againLeft: (n) => `Trả lời lại (còn ${n} lượt)`,
  },
};
