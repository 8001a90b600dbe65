/** Vietnamese words of the log-in page. */
import type { login as en } from './en.ts';

/** Vietnamese words of the log-in page. */
export const login: typeof en = {
  login: {
    pageTitle: 'Đăng nhập · TresGo',
    title: 'Chào\u00a0mừng bạn đến với buổi phỏng\u00a0vấn',
    lead: 'Hãy nhập mã bạn đã nhận được và họ tên đúng như trong thư mời.',
    leadName: 'Hãy nhập họ tên đúng như trong thư mời.',
    token: 'Mã tham gia',
    fullName: 'Họ và tên',
    logIn: 'Đăng nhập',
    working: 'Đang đăng nhập…',
    tokenMissing: 'Vui lòng nhập mã trong thư mời của bạn.',
    nameMissing: 'Vui lòng nhập họ và tên của bạn.',
    tokenUnknown:
      'Mã này không tồn tại, đã hết hạn hoặc đã bị thu hồi. Hãy so lại với thư mời, hoặc mở lại đường dẫn trong thư.',
    nameDiffers: 'Mã đúng, nhưng họ tên không khớp với thư mời. Hãy nhập đúng như trong thư mời.',
    linkKnown: 'Đã nhận ra đường dẫn của bạn.',
    linkRead: 'Đường dẫn đã điền sẵn mã của bạn.',
    changeToken: 'Dùng mã khác',
    greeting: (title, count) => `${title} · ${count} câu hỏi`,
    kept: (name) => `Bạn đã bắt đầu trên thiết bị này với tên ${name}. Không có gì bị mất cả.`,
    goOn: 'Tiếp tục buổi phỏng vấn',
    storageRefused:
      'Trình duyệt này không lưu gì cho trang web, nên câu trả lời của bạn có thể bị mất. Hãy thoát chế độ ẩn danh hoặc cho phép cookie và dữ liệu trang web, rồi tải lại trang.',
    promise: 'Câu trả lời được giữ trên thiết bị của bạn cho đến khi đã gửi đến nơi an toàn.',
  },
};
