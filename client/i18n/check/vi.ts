/** Vietnamese words of the device check and the practice question. */
import type { check as en } from './en.ts';

/** Vietnamese words of the device check and the practice question. */
export const check: typeof en = {
  check: {
    heading: 'Kiểm tra máy ảnh và micrô',
    greeting: (title, count) => `${title} · ${count} câu hỏi`,
    back: (answered, count, next) =>
      `Chào mừng bạn trở lại. Đã nhận ${answered}/${count} câu trả lời; bạn sẽ tiếp tục với câu ${next}.`,
    plan: [
      'Các câu hỏi hiện ra lần lượt. Việc ghi hình tự bắt đầu ngay khi bạn thấy câu hỏi.',
      'Khi đã nói xong những gì muốn nói, hãy bấm nút bên dưới câu hỏi để đi tiếp.',
      'Nếu mất kết nối, bạn cứ nói tiếp. Câu trả lời được giữ trên thiết bị này cho đến khi gửi đến nơi.',
    ],
    planThinking: 'Các câu hỏi hiện ra lần lượt. Câu nào có thời gian suy nghĩ trước thì sẽ có đồng hồ đếm ngược.',
    camera: 'Máy ảnh',
    microphone: 'Micrô',
    cameraNumber: (n) => `Máy ảnh ${n}`,
    microphoneNumber: (n) => `Micrô ${n}`,
    level: 'Mức âm thanh của micrô',
    levelHint: 'Hãy nói vài từ: thanh này sẽ chuyển động.',
    heard: 'Chúng tôi nghe thấy bạn.',
    silent: 'Chúng tôi chưa nghe thấy bạn. Bạn đã chọn đúng micrô và bật micrô chưa?',
    start: 'Bắt đầu phỏng vấn',
    preview: 'Hình của bạn qua máy ảnh',
    noPicture: 'Chưa có hình',
    quality: {
      measuring: 'Đang đo kết nối của bạn…',
      chosen: (picture, rate, connection) => `${picture}, ${rate} – ${connection}`,
      great: 'kết nối rất tốt',
      good: 'kết nối tốt',
      slow: 'kết nối chậm nhưng đủ dùng',
      weak: 'kết nối yếu: hình nhỏ, tiếng rõ',
    },
  },

  practice: {
    open: 'Câu hỏi thử',
    heading: 'Ghi thử',
    question: 'Bạn thích điều gì ở nơi mình đang sống?',
    note: 'Ghi thử: không có gì được gửi đi hay lưu lại.',
    stop: 'Dừng',
    again: 'Thử thêm lần nữa',
    back: 'Quay lại phần kiểm tra',
  },
};
