import { another } from './another-device/vi.ts';
import { answer } from './answer/vi.ts';
import { check } from './check/vi.ts';
import { duration } from './durations/vi.ts';
import type { Messages } from './en.ts';
import { ending } from './ending/vi.ts';
import { failures } from './failures/vi.ts';
import { login } from './login/vi.ts';
import { question } from './question/vi.ts';
import { welcome } from './welcome/vi.ts';

/** Vietnamese words. */
export const vi: Messages = {
  lang: 'vi',
  languages: 'Ngôn ngữ',

  states: {
    requesting: 'Đang xin quyền truy cập',
    recording: 'Đang ghi hình',
    uploading: 'Đang gửi',
    success: 'Đã gửi thành công',
    failed: 'Chưa gửi được',
    retrying: (s) => `Thử lại sau ${s} giây`,
  },

  steps: {
    label: 'Tiến trình của bạn',
    answered: (n) => `${n}: đã trả lời`,
    recorded: (n) => `${n}: đã ghi, đang gửi`,
    current: (n) => `${n}: hiện tại`,
    coming: (n) => `${n}: sắp tới`,
  },

  alert: {
    tryAgain: 'Thử lại lần nữa',
    logInAgain: 'Đăng nhập lại',
    saveCopy: 'Lưu một bản sao',
    support: 'Chi tiết cho bộ phận hỗ trợ',
    copy: 'Sao chép',
    copied: 'Đã sao chép',
  },

  duration,
  ...login,
  ...welcome,
  ...check,
  ...question,
  ...answer,
  another,
  ...ending,
  ...failures,
};
