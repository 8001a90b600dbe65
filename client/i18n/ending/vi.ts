/** Vietnamese words of the end. */
import type { ending as en } from './en.ts';

/** Vietnamese words of the end. */
export const ending: typeof en = {
  finishing: { heading: 'Sắp xong rồi', text: 'Chúng tôi đang kết thúc buổi phỏng vấn. Xin chờ một chút.' },

  finished: {
    heading: 'Phỏng\u00a0vấn đã hoàn\u00a0tất',
    thanks: 'Cảm ơn bạn! Tất cả câu trả lời đã đến nơi an toàn.',
    earlier: (day, time, count) =>
      `Bạn đã hoàn thành lúc ${time} ngày ${day}. Đã nhận ${count} câu trả lời. Bạn không cần làm gì thêm.`,
    with: (organization) => `Câu trả lời của bạn đã được chuyển đến ${organization}.`,
    withInviter: 'Câu trả lời của bạn đã được chuyển đến người mời bạn.',
    close: 'Bây giờ bạn có thể đóng trang này.',
  },

  receipt: {
    heading: 'Biên\u00a0nhận của bạn',
    save: 'Lưu biên nhận',
    interview: 'Buổi phỏng vấn',
    name: 'Họ và tên',
    folder: 'Thư mục',
    finishedAt: 'Kết thúc lúc',
    question: 'Câu hỏi',
    length: 'Độ dài',
    size: 'Dung lượng',
    received: 'Nhận lúc',
    digest: 'Mã băm',
    unknown: 'không rõ',
    full: 'Mã băm đầy đủ (SHA-256)',
    hint: 'Mã băm là dấu vân tay của câu trả lời. Nó chứng minh máy chủ giữ đúng bản đã ghi.',
  },
};
