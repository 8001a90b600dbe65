/** Vietnamese words that welcome the candidate. */
import { duration } from '../durations/vi.ts';
import type { welcome as en } from './en.ts';

/** Vietnamese words that welcome the candidate. */
export const welcome: typeof en = {
  facts: {
    label: 'Những điều cần biết',
    questions: (n) => `${n} câu hỏi`,
    each: (s) => `mỗi câu trả lời tối đa ${duration(s)}`,
    range: (most, least) => `mỗi câu trả lời tối đa ${duration(most)}, có câu ${duration(least)}`,
    oneTake: 'mỗi câu trả lời 1 lượt, không quay lại được',
    takes: (n) => `mỗi câu ${n} lượt trả lời`,
    takesRange: (least, most) => `mỗi câu từ ${least} đến ${most} lượt trả lời`,
    minutes: (n) => `bạn nên dành tối đa ${n} phút`,
    until: (day, time) => `hãy hoàn thành trước ${time}, ${day}`,
    moreTime: (factor) => `Bạn có thời gian gấp ${factor} lần bình thường.`,
    moreTakes: (n) => `Bạn được thêm ${n} lượt trả lời cho mỗi câu hỏi.`,
    limits: (s, takes, left) => {
      if (takes === 1) return `Tối đa ${duration(s)}. Câu này chỉ trả lời được một lần.`;
      return `Tối đa ${duration(s)}, ${left === takes ? `${takes} lượt trả lời` : `còn ${left} lượt trả lời`}.`;
    },
  },

  organization: {
    about: 'Về buổi phỏng vấn này',
    from: (organization) => `Lời nhắn từ ${organization}`,
    privacy: 'Video của bạn được dùng như thế nào',
    goesTo: (organization) => `Video của bạn được gửi đến ${organization}.`,
    goesToInviter: 'Video của bạn được gửi đến người đã mời bạn.',
    contact: 'Liên hệ:',
  },

  consent: {
    heading: 'Trước khi bắt đầu',
    agree: 'Tôi đã đọc và đồng ý',
    go: 'Tiếp tục',
    missing: 'Vui lòng đánh dấu vào ô nếu bạn đồng ý. Nếu không, buổi phỏng vấn không thể bắt đầu.',
    refuse: 'Nếu không đồng ý, bạn hãy đóng trang này. Không có gì được ghi lại.',
    off: 'Máy ảnh và micrô vẫn đang tắt.',
    sending: 'Xin chờ một chút…',
  },
};
