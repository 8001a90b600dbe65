/** Vietnamese words of a question: to think, to speak, to pause. */
import { duration } from '../durations/vi.ts';
import type { question as en } from './en.ts';

/** Vietnamese words of a question: to think, to speak, to pause. */
export const question: typeof en = {
  sentences: {
    loading: 'Đang chuẩn bị buổi phỏng vấn của bạn…',
    requesting: 'Trình duyệt có thể hỏi bạn: vui lòng cho phép dùng máy ảnh và micrô.',
    notReady: 'Máy ảnh và micrô chưa sẵn sàng.',
    ready: 'Máy ảnh và micrô hoạt động tốt. Bạn có thể bắt đầu bất cứ lúc nào.',
    practising: 'Đang ghi thử.',
    practised: 'Hãy xem và nghe lại như người khác sẽ thấy bạn.',
    thinking: 'Chưa ghi hình.',
    counting: 'Bạn chuẩn bị nhé: việc ghi hình sắp bắt đầu.',
    recording: 'Cứ từ từ nhé.',
    recordingStalled: 'Kết nối hiện đang chậm. Bạn cứ nói tiếp: câu trả lời được giữ trên thiết bị này.',
    recordingHeld: 'Bạn cứ nói tiếp: câu trả lời được giữ trên thiết bị này.',
    recordingOffline: 'Hiện không có kết nối mạng. Bạn cứ nói tiếp: câu trả lời được giữ trên thiết bị này.',
    uploading: 'Những giây cuối của câu trả lời đang được gửi đi.',
    keptHere: 'Câu trả lời được giữ trên thiết bị này và đang được gửi ngầm.',
    uploadingAll: 'Bạn đã ghi xong mọi câu trả lời. Những câu cuối đang được gửi đi.',
    waiting: 'Kết nối yếu hoặc bị ngắt. Câu trả lời của bạn vẫn an toàn trên thiết bị này.',
    failed:
      'Câu trả lời của bạn vẫn an toàn trên thiết bị này. Chúng tôi vẫn tự động thử tiếp; bấm “Thử lại” để thử ngay.',
    held: 'Câu trả lời của bạn vẫn an toàn trên thiết bị này và sẽ được gửi khi bạn đăng nhập lại.',
    obstacle: (status) =>
      `Có gì đó giữa bạn và chúng tôi đang chặn việc gửi (${status}). Hãy thử mạng khác, ví dụ dữ liệu di động. Câu trả lời của bạn vẫn an toàn trên thiết bị này.`,
    portal:
      'Mạng của bạn trả lời thay cho chúng tôi, như trang đăng nhập Wi-Fi ở khách sạn hay quán cà phê. Hãy đăng nhập vào mạng đó, hoặc thử mạng khác, ví dụ dữ liệu di động. Câu trả lời của bạn vẫn an toàn trên thiết bị này.',
    open: 'Câu trả lời của bạn đã đến nơi.',
    paused: 'Bạn quyết định khi nào tiếp tục.',
    closing: 'Đã nhận đủ các câu trả lời. Chúng tôi đang kết thúc buổi phỏng vấn.',
    closingWaits: 'Tất cả câu trả lời đã đến nơi. Kết nối yếu hoặc bị ngắt; chúng tôi sẽ tự động thử lại.',
    refusedAnswer: 'Xin hãy đọc thông báo và trả lời lại.',
    closingFailed:
      'Tất cả câu trả lời đã đến nơi. Chỉ còn bước kết thúc là chưa xong. Chúng tôi vẫn tự động thử tiếp; bấm “Thử lại” để thử ngay.',
    finished: 'Tất cả câu trả lời của bạn đã đến nơi.',
  },

  reading: {
    left: 'Thời gian đọc còn lại',
    begin: (s, thinkS) =>
      thinkS > 0
        ? `Bạn có ${duration(s)} để đọc câu hỏi, sau đó có ${duration(thinkS)} để suy nghĩ.`
        : `Bạn có ${duration(s)} để đọc câu hỏi. Sau đó việc ghi hình tự bắt đầu.`,
  },

  counting: { left: 'Bắt đầu ghi hình sau' },

  thinking: {
    left: 'Thời gian suy nghĩ còn lại',
    begin: (s) => `Bạn có ${duration(s)} để suy nghĩ. Sau đó việc ghi hình tự bắt đầu.`,
    soon: (s) => `Còn ${s} giây để suy nghĩ. Sau đó việc ghi hình tự bắt đầu.`,
    answerNow: 'Trả lời ngay',
  },

  question: {
    heading: (n, count) => `Câu hỏi ${n}/${count}`,
    next: 'Câu hỏi tiếp theo',
    finish: 'Kết thúc phỏng vấn',
    last: '“Kết thúc phỏng vấn” sẽ khép lại hẳn buổi phỏng vấn.',
    limit: (time) => `/ ${time}`,
    left: (time) => `còn ${time}`,
    soon: (s) =>
      `Còn khoảng ${s} giây. Bạn cứ nói nốt ý của mình: mọi điều đã nói đều được giữ, và việc ghi hình sẽ tự kết thúc.`,
    elapsed: 'Thời gian đã nói',
    silent: 'Hiện chúng tôi không nghe thấy bạn. Micrô đã bật chưa?',
    pause: 'Tạm dừng sau câu trả lời này',
    short: {
      heading: 'Câu trả lời này rất ngắn',
      text: 'Việc ghi hình vẫn tiếp tục. Bạn có muốn kết thúc câu trả lời này luôn không?',
      goOn: 'Trả lời tiếp',
      finish: 'Kết thúc câu này',
    },
  },

  uploadProgress: {
    label: 'Câu trả lời của bạn đang ở đâu',
    device: 'Trên thiết bị',
    sent: 'Đã gửi',
    confirmed: 'Đã xác nhận',
    answers: (n, count) => `${n}/${count} câu`,
    video: (s) => `Còn ${s} giây video chưa gửi`,
    bytes: (amount) => `Còn ${amount} chưa gửi`,
    safe: 'Mọi thứ vẫn an toàn.',
    held: 'Được giữ trên thiết bị này.',
    wait: (s) => `Còn khoảng ${duration(s)}`,
    checking: 'Đã gửi hết. Máy chủ đang kiểm tra.',
    arrived: 'Đã đến nơi đầy đủ và được kiểm tra.',
    stalled: 'Kết nối đang bị nghẽn. Không có gì bị mất.',
    offline: 'Không có kết nối. Không có gì bị mất.',
  },

  paused: {
    heading: 'Nghỉ một chút',
    text: 'Không có gì đang được ghi; máy ảnh và micrô đã tắt.',
    next: (n, count) => `Tiếp theo là câu hỏi ${n}/${count}. Câu hỏi sẽ chờ bạn.`,
    resume: 'Tiếp tục',
  },
};
