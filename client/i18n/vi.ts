import type { Messages } from './en.ts';

/** Vietnamese. */
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
    recording: 'Cứ từ từ nhé. Câu trả lời được gửi đi ngay trong khi bạn nói.',
    recordingOffline: 'Hiện không có kết nối mạng. Bạn cứ nói tiếp: câu trả lời được giữ trên thiết bị này.',
    uploading: 'Những giây cuối của câu trả lời đang được gửi đi.',
    waiting: 'Kết nối yếu hoặc bị ngắt. Câu trả lời của bạn vẫn an toàn trên thiết bị này.',
    failed:
      'Câu trả lời của bạn vẫn an toàn trên thiết bị này. Chúng tôi vẫn tự động thử tiếp; bấm “Thử lại” để thử ngay.',
    open: 'Câu trả lời của bạn đã đến nơi.',
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
    camera: 'Máy ảnh',
    microphone: 'Micrô',
    cameraNumber: (n) => `Máy ảnh ${n}`,
    microphoneNumber: (n) => `Micrô ${n}`,
    level: 'Mức âm thanh của micrô',
    levelHint: 'Hãy nói vài từ: thanh này sẽ chuyển động.',
    start: 'Bắt đầu phỏng vấn',
    preview: 'Hình của bạn qua máy ảnh',
    noPicture: 'Chưa có hình',
  },

  question: {
    heading: (n, count) => `Câu hỏi ${n}/${count}`,
    next: 'Câu hỏi tiếp theo',
    finish: 'Kết thúc phỏng vấn',
    limit: (time) => `/ ${time}`,
    elapsed: 'Thời gian đã nói',
    sent: (acked, recorded) => `Đã gửi ${acked} trên ${recorded}`,
    nothingYet: 'Chưa gửi dữ liệu nào',
  },

  gate: {
    heading: 'Đang gửi câu trả lời của bạn',
    progress: 'Phần đã gửi của câu trả lời',
    retry: 'Thử lại',
    stay: 'Vui lòng giữ trang này mở.',
  },

  recovered: {
    heading: 'Câu trả lời của bạn bị ngắt giữa chừng',
    text: (s) =>
      `Chúng tôi đã lưu được ${s} giây câu trả lời của bạn trước khi trang bị tải lại và đang gửi phần đó đi. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    interrupted: (s) =>
      `Chúng tôi đã lưu được ${s} giây câu trả lời của bạn trước khi việc ghi hình dừng lại và đang gửi phần đó đi. Bạn có thể giữ phần này làm câu trả lời, hoặc trả lời lại câu hỏi mà không bị tính thêm lượt.`,
    refused: 'Máy chủ không nhận được câu trả lời này. Xin hãy trả lời lại câu hỏi; bạn không bị tính thêm lượt.',
    keep: 'Giữ câu trả lời này',
    again: 'Trả lời lại',
  },

  finishing: { heading: 'Sắp xong rồi', text: 'Chúng tôi đang kết thúc buổi phỏng vấn. Xin chờ một chút.' },

  finished: {
    heading: 'Phỏng vấn đã hoàn tất',
    thanks: 'Cảm ơn bạn! Tất cả câu trả lời đã đến nơi an toàn.',
    close: 'Bây giờ bạn có thể đóng trang này.',
  },

  alert: { tryAgain: 'Thử lại lần nữa', logInAgain: 'Đăng nhập lại' },

  alerts: {
    'permission-refused': {
      title: 'Máy ảnh hoặc micrô chưa được cho phép',
      text: 'Không có gì bị mất. Hãy chạm vào biểu tượng cạnh thanh địa chỉ của trình duyệt (ổ khóa, thanh trượt hoặc máy ảnh), cho phép máy ảnh và micrô, rồi bấm “Thử lại lần nữa”. Trên iPhone: Cài đặt, chọn trình duyệt của bạn, rồi bật Camera và Micrô.',
    },
    'no-camera': {
      title: 'Không tìm thấy máy ảnh hoặc micrô',
      text: 'Không có gì bị mất. Hãy cắm hoặc bật thiết bị, rồi bấm “Thử lại lần nữa”. Hoặc mở đường dẫn của bạn trên điện thoại: điện thoại có cả hai.',
    },
    'camera-busy': {
      title: 'Máy ảnh hoặc micrô đang được dùng ở nơi khác',
      text: 'Không có gì bị mất. Hãy đóng các ứng dụng hoặc thẻ khác đang dùng chúng, chẳng hạn cuộc gọi video, rồi bấm “Thử lại lần nữa”.',
    },
    'insecure-page': {
      title: 'Không thể dùng máy ảnh ở địa chỉ này',
      text: 'Trình duyệt không cho trang HTTP không bảo mật dùng máy ảnh. Hãy mở đường dẫn của bạn bắt đầu bằng https://, hoặc xin người mời một đường dẫn bảo mật.',
    },
    'no-media-recorder': {
      title: 'Trình duyệt này không ghi được video',
      text: 'Hãy mở đường dẫn bằng Chrome, Edge hoặc Firefox bản mới, hoặc Safari 14.1 trở lên. Nếu bạn đang mở trong một ứng dụng khác, hãy chọn “Mở bằng trình duyệt”.',
    },
    'recording-interrupted': {
      title: 'Việc ghi hình đã tự dừng',
      text: 'Máy ảnh hoặc micrô bị ngắt: có thể do cuộc gọi đến, dây cắm hoặc một ứng dụng khác. Phần bạn đã nói đã được lưu và đang được gửi đi.',
    },
    'storage-refused': {
      title: 'Thiết bị này không lưu được câu trả lời của bạn',
      text: 'Hãy giải phóng bớt dung lượng hoặc thoát chế độ ẩn danh, rồi bấm “Thử lại lần nữa”. Những gì đã gửi đến nơi vẫn an toàn.',
    },
    'signed-out': {
      title: 'Mã tham gia của bạn không còn được chấp nhận',
      text: 'Mã có thể đã hết hạn hoặc bị thu hồi. Những gì bạn đã ghi vẫn nằm trên thiết bị này. Hãy hỏi người đã mời bạn, rồi đăng nhập lại trên chính thiết bị này: mọi thứ sẽ tiếp tục từ đây.',
    },
    'no-connection': {
      title: 'Hiện chưa kết nối được với máy chủ',
      text: 'Không có gì bị mất. Hãy kiểm tra kết nối mạng và giữ trang này mở: trang sẽ tự tiếp tục, hoặc nhấn “Thử lại lần nữa” để thử ngay.',
    },
    'second-tab': {
      title: 'Buổi phỏng vấn này đang mở ở một thẻ khác',
      text: 'Hãy tiếp tục ở thẻ đó, hoặc đóng thẻ đó rồi nhấn “Thử lại lần nữa” tại đây.',
    },
    'not-kept': {
      title: 'Trình duyệt này không lưu được gì trên thiết bị',
      text: 'Bạn vẫn có thể tiếp tục. Câu trả lời được gửi đi trong lúc bạn nói, nhưng xin đừng tải lại hay đóng trang này trước khi kết thúc.',
    },
    'digest-mismatch': {
      title: 'Câu trả lời đến nơi không giống bản đã ghi',
      text: 'Toàn bộ bản ghi vẫn còn trên thiết bị này. Hãy giữ trang này mở và báo cho người đã mời bạn.',
    },
    refused: {
      title: 'Máy chủ không chấp nhận yêu cầu này',
      text: 'Những gì bạn đã ghi vẫn nằm trên thiết bị này. Hãy báo cho người đã mời bạn nội dung sau:',
    },
    unexpected: {
      title: 'Trang này vừa gặp sự cố',
      text: 'Những gì bạn đã ghi vẫn nằm trên thiết bị này. Hãy bấm “Thử lại lần nữa”; nếu không được, hãy tải lại trang.',
    },
  },

  refusals: {
    unauthorized: () => 'Mã và họ tên không khớp nhau, hoặc mã đã hết hạn. Hãy kiểm tra cả hai theo thư mời của bạn.',
    'sessions-used-up': () =>
      'Mã này đã được dùng: buổi phỏng vấn của mã đã kết thúc. Nếu cần mã khác, hãy hỏi người đã mời bạn.',
    'too-many-attempts': ({ retryAfterSeconds }) =>
      retryAfterSeconds === null
        ? 'Bạn đã thử quá nhiều lần. Vui lòng đợi một phút rồi thử lại.'
        : `Bạn đã thử quá nhiều lần. Vui lòng thử lại sau ${retryAfterSeconds} giây.`,
    'answers-missing': ({ missing }) => `Chưa nhận đủ các câu trả lời. Còn đang gửi: câu ${missing.join(', ')}.`,
    'invalid-field': () => 'Mã hoặc họ tên có ký tự không đọc được. Vui lòng nhập lại cả hai.',
    'session-finished': () => 'Buổi phỏng vấn này đã kết thúc. Mọi câu trả lời đã đến nơi; không thể thêm gì nữa.',
    'session-not-found': () =>
      'Buổi phỏng vấn này không thuộc về mã của bạn. Hãy đăng nhập lại bằng đường dẫn của bạn.',
    'answer-too-large': () =>
      'Câu trả lời này dài hơn mức máy chủ cho phép. Phần đã gửi đến vẫn được giữ. Hãy báo cho người đã mời bạn.',
    'not-a-recording': () =>
      'Máy chủ không nhận ra định dạng bản ghi này. Hãy thử trình duyệt khác: Chrome, Edge hoặc Firefox.',
    internal: () => 'Máy chủ vừa gặp sự cố. Những gì đã gửi đến không bị mất. Vui lòng thử lại sau giây lát.',
    unavailable: () => 'Máy chủ hiện chưa sẵn sàng. Không có gì bị mất. Vui lòng thử lại sau ít phút.',
    'disk-full': () => 'Máy chủ hiện hết chỗ lưu. Hãy giữ trang này mở: mọi thứ sẽ tự tiếp tục.',
    offline: () => 'Không kết nối được với máy chủ. Hãy kiểm tra mạng rồi thử lại.',
    'bad-gateway': () => 'Máy chủ hiện chưa trả lời đúng. Vui lòng thử lại sau giây lát.',
  },
};
