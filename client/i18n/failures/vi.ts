/** Vietnamese words for failures. */
import type { failures as en } from './en.ts';

const openOutside = (app: string, menu: string, entry: string) => [
  `Trang này đang mở bên trong ${app}, nơi không dùng được máy ảnh. Hãy chạm ${menu} và chọn “${entry}”.`,
  'Ở đó, hãy đăng nhập lại bằng đường dẫn hoặc mã trong thư mời. Những gì đã gửi đến không bị mất.',
];
const tryAgain = 'Quay lại trang này và bấm “Thử lại lần nữa”.';

/** Vietnamese words for every failure. */
export const failures: typeof en = {
  allow: {
    'chrome-android': [
      'Chạm vào biểu tượng bên trái địa chỉ trang, ở đầu màn hình.',
      'Chạm “Quyền”, rồi cho phép máy ảnh và micrô.',
      tryAgain,
    ],
    samsung: ['Chạm vào biểu tượng bên trái địa chỉ trang.', 'Chạm “Quyền”, rồi cho phép máy ảnh và micrô.', tryAgain],
    'firefox-android': [
      'Chạm vào hình khiên hoặc ổ khóa bên trái địa chỉ trang.',
      'Chạm vào máy ảnh và micrô cho đến khi cả hai hiện “Được phép”.',
      tryAgain,
    ],
    'chromium-desktop': [
      'Bấm vào biểu tượng bên trái địa chỉ trang (hai thanh trượt hoặc ổ khóa).',
      'Bật máy ảnh và micrô.',
      'Bấm “Thử lại lần nữa”. Nếu cả hai đã bật, hãy cho phép trình duyệt này trong phần quyền riêng tư của máy tính.',
    ],
    'firefox-desktop': [
      'Bấm vào hình máy ảnh hoặc micrô bị gạch chéo bên trái địa chỉ trang.',
      'Xóa mục “Đã chặn” bên cạnh máy ảnh và micrô.',
      'Bấm “Thử lại lần nữa”, rồi chọn “Cho phép” khi Firefox hỏi.',
    ],
    'safari-mac': [
      'Trên thanh menu ở đầu màn hình, chọn Safari › Cài đặt › Trang web.',
      'Trong mục Camera và Micrô, chọn “Cho phép” cho trang này.',
      tryAgain,
    ],
    'safari-ios': [
      'Chạm vào biểu tượng nhỏ ở cạnh thanh địa chỉ, rồi chọn “Cài đặt trang web” (có thể nằm sau nút “…”).',
      'Đặt Camera và Micrô thành “Cho phép”.',
      'Bấm “Thử lại lần nữa”. Nếu không đổi được ở đó: Cài đặt › Ứng dụng › Safari › Camera và Micrô.',
    ],
    'other-ios': [
      'Mở Cài đặt của iPhone hoặc iPad, rồi chọn trình duyệt này trong danh sách ứng dụng.',
      'Bật Camera và Micrô.',
      tryAgain,
    ],
    zalo: openOutside('Zalo', '“⋯” ở góc trên bên phải', 'Mở bằng trình duyệt'),
    facebook: openOutside('Facebook hoặc Messenger', '“⋯” ở góc màn hình', 'Mở bằng trình duyệt bên ngoài'),
    line: openOutside('LINE', '“⋮” hoặc biểu tượng chia sẻ', 'Mở bằng ứng dụng khác'),
    'in-app': openOutside('một ứng dụng khác', 'menu của ứng dụng (“⋯” hoặc “⋮”)', 'Mở bằng trình duyệt'),
    other: [
      'Tìm biểu tượng bên cạnh địa chỉ trang (ổ khóa, thanh trượt hoặc máy ảnh) rồi bấm vào đó.',
      'Cho phép máy ảnh và micrô.',
      tryAgain,
    ],
  },

  alerts: {
    'permission-refused': {
      title: 'Máy ảnh hoặc micrô chưa được cho\u00a0phép',
      text: 'Không có gì bị mất. Bạn có thể cho phép như sau:',
    },
    'no-camera': {
      title: 'Không tìm thấy máy ảnh hoặc micrô',
      text: 'Không có gì bị mất. Hãy cắm hoặc bật thiết bị, rồi bấm “Thử lại lần nữa”. Hoặc mở đường dẫn của bạn trên điện thoại: điện thoại có cả hai.',
    },
    'camera-busy': {
      title: 'Máy ảnh hoặc micrô đang được dùng ở nơi\u00a0khác',
      text: 'Không có gì bị mất. Hãy đóng các ứng dụng hoặc thẻ khác đang dùng chúng, chẳng hạn cuộc gọi video, rồi bấm “Thử lại lần nữa”.',
    },
    'camera-waits': {
      title: 'Vui lòng cho phép dùng máy ảnh và micrô',
      text: 'Trình duyệt hỏi bạn ở đầu hoặc cuối màn hình; bạn cứ thong thả. Nếu không thấy hỏi gì, hãy đóng các ứng dụng khác đang dùng máy ảnh, rồi bấm “Thử lại lần nữa”.',
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
      text: 'Máy ảnh hoặc micrô bị ngắt: có thể do cuộc gọi đến, dây cắm hoặc một ứng dụng khác. Phần bạn đã nói vẫn an toàn.',
    },
    'recording-silent': {
      title: 'Một phần câu trả lời của bạn chưa được\u00a0ghi',
      text: 'Bộ ghi hình của thiết bị đã ngừng ghi âm thanh hoặc hình ảnh mà không báo gì. Phần đã ghi được vẫn an toàn.',
    },
    'recording-restarted': {
      title: 'Việc ghi hình phải bắt đầu lại',
      text: 'Bộ ghi hình của thiết bị đã không khởi động đúng. Bây giờ nó đang chạy: xin hãy nói lại câu trả lời từ đầu.',
    },
    'practice-broken': {
      title: 'Bản ghi thử bị ngắt',
      text: 'Bộ ghi hình của thiết bị đã ngừng ghi âm thanh hoặc hình ảnh. Hãy bấm “Thử thêm lần nữa”. Nếu lại xảy ra, hãy đóng các ứng dụng khác đang dùng máy ảnh, hoặc mở đường dẫn của bạn bằng trình duyệt khác.',
    },
    'recorder-failed': {
      title: 'Thiết bị này hiện không ghi hình được',
      text: 'Không có gì bị mất. Hãy đóng các ứng dụng và thẻ khác đang dùng máy ảnh, rồi bấm “Thử lại lần nữa”. Nếu vẫn không được, hãy mở đường dẫn của bạn bằng trình duyệt khác hoặc trên điện thoại: mọi thứ sẽ tiếp tục từ đây.',
    },
    'picture-still': {
      title: 'Hình của bạn đang đứng yên',
      text: 'Hiện máy ảnh không gửi hình ảnh nào. Giọng nói của bạn vẫn đang được ghi: bạn cứ nói tiếp.',
    },
    'storage-refused': {
      title: 'Thiết bị này không lưu được câu trả lời của\u00a0bạn',
      text: 'Hãy giải phóng bớt dung lượng hoặc thoát chế độ ẩn danh, rồi bấm “Thử lại lần nữa”. Những gì đã gửi đến nơi vẫn an toàn.',
    },
    'storage-slow': {
      title: 'Bộ nhớ của thiết bị này chưa mở được',
      text: 'Các bản ghi của bạn nằm trong đó và không có gì bị mất. Hãy giữ trang này mở: mọi thứ sẽ tự tiếp tục. Nếu không thấy gì, hãy bấm “Thử lại lần nữa”, hoặc đóng trình duyệt rồi mở lại đường dẫn của bạn.',
    },
    'signed-out': {
      title: 'Mã tham gia của bạn không còn được chấp\u00a0nhận',
      text: 'Mã có thể đã hết hạn hoặc bị thu hồi. Những gì bạn đã ghi vẫn nằm trên thiết bị này. Hãy hỏi người đã mời bạn, rồi đăng nhập lại trên chính thiết bị này: mọi thứ sẽ tiếp tục từ đây.',
    },
    'no-connection': {
      title: 'Hiện chưa kết nối được với máy chủ',
      text: 'Không có gì bị mất. Hãy kiểm tra kết nối mạng và giữ trang này mở: trang sẽ tự tiếp tục.',
    },
    'in-the-way': {
      title: 'Có gì đó trên đường truyền trả lời thay cho chúng tôi',
      text: 'Có thể mạng của bạn yêu cầu đăng nhập trước, như ở khách sạn hay quán cà phê, hoặc mạng chặn trang này. Không có gì bị mất. Hãy đăng nhập vào mạng đó, hoặc thử mạng khác, ví dụ dữ liệu di động; trang này sẽ tự tiếp tục.',
    },
    'second-tab': {
      title: 'Buổi phỏng vấn này đang mở ở một thẻ\u00a0khác',
      text: 'Hãy tiếp tục ở thẻ đó, hoặc đóng thẻ đó rồi bấm “Thử lại lần nữa” tại đây.',
    },
    'not-kept': {
      title: 'Trình duyệt này không lưu được gì trên thiết\u00a0bị',
      text: 'Bạn vẫn có thể tiếp tục. Câu trả lời được gửi đi trong lúc bạn nói, nhưng xin đừng tải lại hay đóng trang này trước khi kết thúc.',
    },
    'no-offline-reload': {
      title: 'Khi mất mạng, xin đừng tải lại trang này',
      text: 'Mọi thứ khác vẫn hoạt động và câu trả lời được giữ trên thiết bị này. Chỉ việc tải lại trang ở địa chỉ này là cần kết nối mạng.',
    },
    'working-offline': {
      title: 'Bạn đang ngoại tuyến và vẫn có thể tiếp\u00a0tục',
      text: 'Câu trả lời được giữ trên thiết bị này và sẽ tự gửi đi ngay khi có kết nối.',
    },
    'storage-full': {
      title: 'Thiết bị này đã đầy bộ nhớ',
      text: 'Việc ghi hình vẫn tiếp tục và câu trả lời được gửi thẳng từ trang này. Xin đừng đóng trang. Để chắc chắn, bạn hãy lưu một bản sao.',
    },
    'copy-failed': {
      title: 'Chưa lưu được bản sao',
      text: 'Câu trả lời của bạn vẫn còn trên trang này. Hãy giữ trang này mở. Nếu được, hãy giải phóng bớt dung lượng rồi thử lại.',
    },
    'device-muted': {
      title: 'Máy ảnh hoặc micrô hiện không có tín\u00a0hiệu',
      text: 'Có thể do cuộc gọi hoặc một nút tắt trên thiết bị. Việc ghi hình vẫn tiếp tục; hãy kết thúc cuộc gọi hoặc bật lại, rồi nhắc lại phần bị thiếu.',
    },
    'page-was-hidden': {
      title: 'Trang này vừa chạy ở chế độ nền',
      text: 'Khi đó điện thoại tắt máy ảnh nên có thể thiếu một đoạn. Việc ghi hình vẫn tiếp tục: xin ở lại trang này và nhắc lại điều bạn vừa nói.',
    },
    'take-lost': {
      title: 'Câu trả lời này không còn trên thiết\u00a0bị',
      text: 'Dữ liệu của trình duyệt đã bị xóa trước khi câu trả lời được gửi xong. Xin hãy trả lời lại câu hỏi này; nếu trang không hiện lựa chọn đó, hãy tải lại trang.',
    },
    'digest-mismatch': {
      title: 'Câu trả lời đến nơi không giống bản đã\u00a0ghi',
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

  otherProblem: (code, _detail) => `Máy chủ đã từ chối yêu cầu này (${code}).`,

  problems: {
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
    'session-too-large': () =>
      'Tổng các câu trả lời của bạn lớn hơn mức máy chủ cho phép. Phần đã gửi đến vẫn được giữ. Hãy báo cho người đã mời bạn.',
    'not-a-recording': () =>
      'Máy chủ không nhận ra định dạng bản ghi này. Hãy thử trình duyệt khác: Chrome, Edge hoặc Firefox.',
    'too-many-uploads': () =>
      'Quá nhiều câu trả lời đang được gửi cùng lúc. Hãy giữ trang này mở: mọi thứ sẽ tự tiếp tục.',
    'upload-damaged': () =>
      'Máy chủ bị mất một phần của câu trả lời này. Trên thiết bị này nó vẫn còn đủ: hãy giữ trang này mở và báo cho người đã mời bạn.',
    internal: () => 'Máy chủ vừa gặp sự cố. Những gì đã gửi đến không bị mất. Vui lòng thử lại sau giây lát.',
    unavailable: () => 'Máy chủ hiện chưa sẵn sàng. Không có gì bị mất. Vui lòng thử lại sau ít phút.',
    'disk-full': () => 'Máy chủ hiện hết chỗ lưu. Hãy giữ trang này mở: mọi thứ sẽ tự tiếp tục.',
    offline: () => 'Không kết nối được với máy chủ. Hãy kiểm tra mạng rồi thử lại.',
    'bad-gateway': () =>
      'Máy chủ hiện chưa trả lời đúng, hoặc mạng của bạn trả lời thay cho máy chủ. Vui lòng thử lại sau giây lát, hoặc dùng mạng khác, ví dụ dữ liệu di động.',
  },
};
