/** Vietnamese words of the way to another device. */
import type { another as en } from './en.ts';

/** Vietnamese words of the way to another device. */
export const another: typeof en = {
  offer: 'Tiếp tục trên thiết bị khác',
  how: 'Hãy quét mã QR này bằng thiết bị kia, hoặc mở đường dẫn của bạn trên thiết bị đó. Buổi phỏng vấn sẽ tiếp tục từ chỗ bạn đang làm.',
  keep: 'Hãy giữ trang này mở cho đến khi các câu trả lời của bạn được gửi xong.',
  code: 'Mã QR của đường dẫn',
  link: 'Đường dẫn của bạn',
  copy: 'Sao chép đường dẫn',
  copied: 'Đã sao chép đường dẫn.',
  notCopied: 'Bạn hãy tự sao chép đường dẫn.',
  share: 'Chia sẻ đường dẫn',
  secret: 'Đường dẫn này chỉ dành cho bạn: xin đừng gửi cho người khác.',

  elsewhere: 'Buổi phỏng\u00a0vấn đang tiếp\u00a0tục trên thiết\u00a0bị kia của\u00a0bạn',
  allSent: 'Mọi dữ liệu từ thiết bị này đã đến nơi.',
  close: 'Bạn có thể đóng trang này.',
  here: 'Tiếp tục tại đây',
  waiting: 'Trang này sẽ tự tiếp tục.',
  awaiting:
    'Câu trả lời cho câu hỏi này vẫn đang được gửi từ thiết bị kia của bạn. Hãy giữ trang mở và giữ kết nối mạng trên thiết bị đó.',
  answerHere: 'Trả lời tại đây',
};
