/** Vietnamese words of the device check and the practice question. */
import type { check as en } from './en.ts';

/** Vietnamese words of the device check and the practice question. */
export const check: typeof en = {
  check: {
    heading: 'Kiểm\u00a0tra máy\u00a0ảnh và micrô',
    back: (answered, count, next) =>
      `Chào mừng bạn trở lại. Đã nhận ${answered}/${count} câu trả lời; bạn sẽ tiếp tục với câu ${next}.`,
    plan: [
      'Các câu hỏi hiện ra lần lượt. Việc ghi hình tự bắt đầu sau khi đếm ngược từ 3.',
      'Khi đã nói xong những gì muốn nói, hãy bấm nút bên dưới câu hỏi để đi tiếp.',
      'Nếu mất kết nối, bạn cứ nói tiếp. Câu trả lời được giữ trên thiết bị này cho đến khi gửi đến nơi.',
    ],
    planThinking: 'Các câu hỏi hiện ra lần lượt. Câu nào có thời gian suy nghĩ trước thì sẽ có đồng hồ đếm ngược.',
    howItWorks: 'Buổi phỏng vấn diễn ra thế nào',
    tipsTitle: 'Mẹo để hình đẹp và tiếng rõ',
    tips: [
      'Ngồi sao cho cửa sổ hoặc đèn chiếu sáng mặt bạn từ phía trước.',
      'Dựng điện thoại ngang tầm mắt để hai tay được thoải mái.',
      'Chọn nơi yên tĩnh và tắt những âm thanh khác.',
      'Tai nghe có micrô giúp giọng bạn rõ hơn.',
      'Sạc đầy pin, hoặc ngồi gần ổ cắm.',
    ],
    camera: 'Máy ảnh',
    microphone: 'Micrô',
    cameraNumber: (n) => `Máy ảnh ${n}`,
    microphoneNumber: (n) => `Micrô ${n}`,
    level: 'Mức âm thanh của micrô',
    speak: 'Sắp xong rồi. Bạn hãy nói thử vài từ nhé.',
    unheard: 'Chúng tôi chưa nghe thấy bạn.',
    levelHint: 'Thanh này chuyển động khi chúng tôi nghe thấy bạn.',
    heard: 'Chúng tôi đã nghe thấy bạn.',
    silent: 'Bạn đã chọn đúng micrô và bật micrô chưa?',
    start: 'Bắt đầu phỏng vấn',
    startUnheard: 'Chúng tôi chưa nghe thấy bạn. Bạn vẫn muốn bắt đầu?',
    startAllTheSame: 'Vẫn bắt đầu',
    speakFirst: 'Kiểm tra micrô',
    hints: {
      dark: 'Hình của bạn hơi tối. Hãy quay mặt về phía cửa sổ hoặc đèn.',
      battery: 'Pin sắp hết. Nếu được, bạn hãy cắm sạc.',
      room: 'Thiết bị này sắp đầy bộ nhớ. Hãy xóa bớt ảnh hoặc video mà bạn không cần.',
      slow: 'Kết nối của bạn chậm: hình nhỏ, tiếng vẫn rõ. Nếu được, hãy lại gần bộ phát Wi-Fi hơn.',
    },
    preview: 'Hình của bạn qua máy ảnh',
    noPicture: 'Chưa có hình',
    hidePicture: 'Ẩn hình của tôi',
    showPicture: 'Hiện hình của tôi',
    pictureHidden: 'Chỉ ẩn với bạn. Câu trả lời vẫn được ghi kèm hình của bạn.',
    quality: {
      measuring: 'Đang đo kết nối của bạn…',
      great: 'Kết nối của bạn rất tốt.',
      good: 'Kết nối của bạn tốt.',
      slow: 'Kết nối của bạn chậm nhưng đủ dùng.',
    },
  },

  voice: {
    choose: 'Trả lời chỉ bằng giọng nói',
    camera: 'Trả lời có hình',
    offerFailed: 'Không có máy ảnh cũng được: chỉ cần giọng nói của bạn.',
    offerSlow: 'Kết nối của bạn rất yếu. Nếu chỉ gửi giọng nói, câu trả lời sẽ đến nơi dễ dàng hơn.',
    chosen: 'Bạn trả lời chỉ bằng giọng nói. Máy ảnh vẫn tắt.',
    heading: 'Kiểm\u00a0tra micrô',
    requesting: 'Trình duyệt có thể hỏi bạn: vui lòng cho phép dùng micrô.',
    notReady: 'Micrô chưa sẵn sàng.',
    ready: 'Micrô hoạt động tốt. Bạn có thể bắt đầu bất cứ lúc nào.',
    recording: 'Đang ghi âm',
    picture: 'Chỉ bằng giọng nói',
    unsent: (s) => `Còn ${s} giây âm thanh chưa gửi`,
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
