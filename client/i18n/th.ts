import { another } from './another-device/th.ts';
import { answer } from './answer/th.ts';
import { check } from './check/th.ts';
import { duration } from './durations/th.ts';
import type { Messages } from './en.ts';
import { ending } from './ending/th.ts';
import { failures } from './failures/th.ts';
import { login } from './login/th.ts';
import { question } from './question/th.ts';
import { welcome } from './welcome/th.ts';

/** Thai words. A compound that the dictionaries of browsers take for two words has a word joiner (U+2060): no line breaks there. */
export const th: Messages = {
  lang: 'th',
  languages: 'ภาษา',

  states: {
    requesting: 'กำลังขออนุญาตใช้งาน',
    recording: 'กำลังบันทึก',
    uploading: 'กำลังส่ง',
    success: 'ส่งสำเร็จแล้ว',
    failed: 'ยังส่งไม่สำเร็จ',
    retrying: (s) => `ลองใหม่ใน ${s} วินาที`,
  },

  steps: {
    label: 'ความคืบหน้าของคุณ',
    answered: (n) => `${n}: ตอบแล้ว`,
    recorded: (n) => `${n}: บันทึกแล้ว กำลังส่ง`,
    current: (n) => `${n}: ข้อปัจจุบัน`,
    coming: (n) => `${n}: ยังไม่ถึง`,
  },

  alert: {
    tryAgain: 'ลองอีก\u2060ครั้ง',
    logInAgain: 'เข้าสู่\u2060ระบบอีก\u2060ครั้ง',
    saveCopy: 'บันทึกสำเนา',
    support: 'รายละเอียดสำหรับฝ่ายช่วยเหลือ',
    copy: 'คัดลอก',
    copied: 'คัดลอกแล้ว',
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
