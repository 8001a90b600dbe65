import type { Messages } from './en.ts';
import { failures } from './failures/vi.ts';

const duration = (s: number) => {
  if (s < 120) return `${s} giây`;
  return s % 60 === 0 ? `${s / 60} phút` : `${Math.floor(s / 60)} phút ${s % 60} giây`;
};

/** Vietnamese words. */
export const vi: Messages = {
  lang: 'vi',
  languageName: 'Tiếng Việt',
  languages: 'Ngôn ngữ',

  login: {
    pageTitle: 'Đăng nhập · TresGo',
    title: 'Chào mừng bạn đến với buổi phỏng vấn',
    lead: 'Hãy nhập mã bạn đã nhận được và họ tên đúng như trong thư mời.',
    token: 'Mã tham gia',
    fullName: 'Họ và tên',
    logIn: 'Đăng nhập',
    working: 'Đang đăng nhập…',
    tokenMissing: 'Vui lòng nhập mã trong thư mời của bạn.',
    nameMissing: 'Vui lòng nhập họ và tên của bạn.',
    kept: (name) => `Bạn đã bắt đầu trên thiết bị này với tên ${name}. Không có gì bị mất cả.`,
    goOn: 'Tiếp tục buổi phỏng vấn',
    storageRefused:
      'Trình duyệt này không lưu gì cho trang web, nên câu trả lời của bạn có thể bị mất. Hãy thoát chế độ ẩn danh hoặc cho phép cookie và dữ liệu trang web, rồi tải lại trang.',
    promise: 'Câu trả lời được giữ trên thiết bị của bạn cho đến khi đã gửi đến nơi an toàn.',
  },

  states: {
    requesting: 'Đang xin quyền truy cập',
    recording: 'Đang ghi hình',
    uploading: 'Đang gửi',
    success: 'Đã gửi thành công',
    failed: 'Chưa gửi được',
    retrying: (s) => `Thử lại sau ${s} giây`,
  },

  sentences: {
    loading: 'Đang chuẩn bị buổi phỏng vấn của bạn…',
    requesting: 'Trình duyệt có thể hỏi bạn: vui lòng cho phép dùng máy ảnh và micrô.',
    notReady: 'Máy ảnh và micrô chưa sẵn sàng.',
    ready: 'Máy ảnh và micrô hoạt động tốt. Bạn có thể bắt đầu bất cứ lúc nào.',
    practising: 'Đang ghi thử.',
    practised: 'Hãy xem và nghe lại như người khác sẽ thấy bạn.',
    thinking: 'Chưa ghi hình.',
    recording: 'Cứ từ từ nhé. Câu trả lời được gửi đi ngay trong khi bạn nói.',
    recordingStalled: 'Kết nối hiện đang chậm. Bạn cứ nói tiếp: câu trả lời được giữ trên thiết bị này.',
    recordingOffline: 'Hiện không có kết nối mạng. Bạn cứ nói tiếp: câu trả lời được giữ trên thiết bị này.',
    uploading: 'Những giây cuối của câu trả lời đang được gửi đi.',
    keptHere: 'Câu trả lời được giữ trên thiết bị này và đang được gửi ngầm.',
    uploadingAll: 'Bạn đã ghi xong mọi câu trả lời. Những câu cuối đang được gửi đi.',
    waiting: 'Kết nối yếu hoặc bị ngắt. Câu trả lời của bạn vẫn an toàn trên thiết bị này.',
    failed:
      'Câu trả lời của bạn vẫn an toàn trên thiết bị này. Chúng tôi vẫn tự động thử tiếp; bấm “Thử lại” để thử ngay.',
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

  steps: {
    label: 'Tiến trình của bạn',
    answered: (n) => `${n}: đã trả lời`,
    recorded: (n) => `${n}: đã ghi, đang gửi`,
    current: (n) => `${n}: hiện tại`,
    coming: (n) => `${n}: sắp tới`,
  },

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
    limit: (time) => `/ ${time}`,
    left: (time) => `còn ${time}`,
    soon: (s) =>
      `Còn khoảng ${s} giây. Bạn cứ nói nốt ý của mình: mọi điều đã nói đều được giữ, và việc ghi hình sẽ tự kết thúc.`,
    elapsed: 'Thời gian đã nói',
    silent: 'Hiện chúng tôi không nghe thấy bạn. Micrô đã bật chưa?',
    pause: 'Tạm dừng sau câu trả lời này',
  },

  uploadProgress: {
    label: 'Câu trả lời của bạn đang ở đâu',
    device: 'Trên thiết bị',
    sent: 'Đã gửi',
    confirmed: 'Đã xác nhận',
    answers: (n, count) => `${n}/${count} câu`,
    video: (s) => `Còn ${s} giây video chưa gửi`,
    bytes: (amount) => `Còn ${amount} chưa gửi`,
    flowing: 'Được gửi đi trong khi bạn nói.',
    all: 'Mọi thứ đến lúc này đã được gửi.',
    checking: 'Đã gửi hết. Máy chủ đang kiểm tra.',
    arrived: 'Đã đến nơi đầy đủ và được kiểm tra.',
    stalled: 'Kết nối đang bị nghẽn. Không có gì bị mất.',
    offline: 'Không có kết nối. Không có gì bị mất.',
  },

  gate: {
    heading: 'Đang gửi câu trả lời của bạn',
    headingAll: 'Đang gửi các câu trả lời của bạn',
    progress: 'Phần đã gửi của câu trả lời',
    retry: 'Thử lại',
    stay: 'Vui lòng giữ trang này mở.',
  },

  recovered: {
    heading: 'Câu trả lời của bạn bị ngắt giữa chừng',
    text: (s) =>
      `Chúng tôi đã lưu được ${duration(s)} câu trả lời của bạn trước khi trang bị tải lại và đang gửi phần đó đi. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    interrupted: (s) =>
      `Chúng tôi đã lưu được ${duration(s)} câu trả lời của bạn trước khi việc ghi hình dừng lại và đang gửi phần đó đi. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    short: (s, of) =>
      `Bạn đã nói ${duration(of)} nhưng chỉ ghi được ${duration(s)}. Phần đó đang được gửi đi. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    refusedHeading: 'Xin hãy trả lời lại câu hỏi này',
    refused:
      'Không thể gửi câu trả lời này. Bản ghi vẫn còn trên thiết bị: bạn có thể lưu một bản sao. Trả lời lại không bị tính thêm lượt.',
    reviewHeading: 'Câu trả lời của bạn đã được ghi',
    muted: (s) =>
      `Bạn đã nói ${duration(s)}, nhưng có một đoạn máy ảnh hoặc micrô không có tín hiệu, có thể do cuộc gọi. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    review: (s) => `Bạn đã nói ${duration(s)}. Bạn có thể xem lại rồi chọn.`,
    reviewUnseen: (s) => `Bạn đã nói ${duration(s)}. Xin hãy chọn.`,
    playback: 'Bản ghi của bạn',
    keep: 'Giữ câu trả lời này',
    again: 'Trả lời lại',
    againLeft: (n) => `Trả lời lại (còn ${n} lượt)`,
  },

  paused: {
    heading: 'Nghỉ một chút',
    text: 'Không có gì đang được ghi; máy ảnh và micrô đã tắt.',
    next: (n, count) => `Tiếp theo là câu hỏi ${n}/${count}. Câu hỏi sẽ chờ bạn.`,
    resume: 'Tiếp tục',
  },

  finishing: { heading: 'Sắp xong rồi', text: 'Chúng tôi đang kết thúc buổi phỏng vấn. Xin chờ một chút.' },

  finished: {
    heading: 'Phỏng vấn đã hoàn tất',
    thanks: 'Cảm ơn bạn! Tất cả câu trả lời đã đến nơi an toàn.',
    close: 'Bây giờ bạn có thể đóng trang này.',
  },

  receipt: {
    heading: 'Biên nhận của bạn',
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

  alert: { tryAgain: 'Thử lại lần nữa', logInAgain: 'Đăng nhập lại', saveCopy: 'Lưu một bản sao' },

  duration,
  ...failures,
};
