/** Thai words that welcome the candidate. */
import { duration } from '../durations/th.ts';
import type { welcome as en } from './en.ts';

/** Thai words that welcome the candidate. */
export const welcome: typeof en = {
  facts: {
    label: 'สิ่งที่ควรทราบ',
    questions: (n) => `${n} คำถาม`,
    each: (s) => `ตอบได้ข้อละไม่เกิน ${duration(s)}`,
    range: (most, least) => `ตอบได้ข้อละไม่เกิน ${duration(most)} บางข้อ ${duration(least)}`,
    oneTake: 'ตอบได้ข้อละ 1 ครั้ง ย้อนกลับไม่ได้',
    takes: (n) => `ตอบได้ข้อละ ${n} ครั้ง`,
    takesRange: (least, most) => `ตอบได้ข้อละ ${least} ถึง ${most} ครั้ง`,
    minutes: (n) => `เผื่อเวลาไว้ไม่เกิน ${n} นาที`,
    until: (day, time) => `กรุณาทำให้เสร็จก่อน${day} เวลา ${time} น.`,
    moreTime: (factor) => `คุณมีเวลา ${factor} เท่าของเวลาปกติ`,
    moreTakes: (n) => `คุณตอบแต่ละข้อได้เพิ่มอีก ${n} ครั้ง`,
    limits: (s, takes, left) => {
      if (takes === 1) return `ไม่เกิน ${duration(s)} ตอบได้ครั้งเดียว`;
      return `ไม่เกิน ${duration(s)} ตอบได้${left === takes ? '' : 'อีก'} ${left} ครั้ง`;
    },
  },

  organization: {
    about: 'เกี่ยวกับการสัมภาษณ์นี้',
    from: (organization) => `ข้อความจาก ${organization}`,
    privacy: 'วิดีโอของคุณจะถูกนำไปใช้อย่างไร',
    goesTo: (organization) => `วิดีโอของคุณจะส่งถึง ${organization}`,
    goesToInviter: 'วิดีโอของคุณจะส่งถึงผู้ที่เชิญคุณ',
    contact: 'ติดต่อ:',
  },

  consent: {
    heading: 'ก่อนเริ่มสัมภาษณ์',
    agree: 'ข้าพเจ้าได้อ่านและยินยอม',
    go: 'ดำเนินการต่อ',
    missing: 'กรุณาทำเครื่องหมายในช่องหากคุณยินยอม มิฉะนั้นจะเริ่มการสัมภาษณ์ไม่ได้',
    refuse: 'หากไม่ยินยอม ให้ปิดหน้านี้ จะไม่มีการบันทึกใด ๆ',
    off: 'กล้องและไมโครโฟนยังปิดอยู่',
    sending: 'กรุณารอสักครู่…',
  },
};
