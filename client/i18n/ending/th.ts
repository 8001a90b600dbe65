/** Thai words of the end. */
import type { ending as en } from './en.ts';

/** Thai words of the end. */
export const ending: typeof en = {
  finishing: { heading: 'ใกล้เสร็จแล้ว', text: 'กำลังปิดการสัมภาษณ์ของคุณ กรุณารอสักครู่' },

  finished: {
    heading: 'การสัมภาษณ์เสร็จสิ้น',
    thanks: 'ขอบคุณ! คำตอบทุกข้อส่งถึงอย่างปลอดภัยแล้ว',
    earlier: (moment, count) => `คุณทำเสร็จเมื่อ ${moment} ได้รับคำตอบแล้ว ${count} ข้อ ไม่ต้องทำอะไรเพิ่มเติม`,
    with: (organization) => `คำตอบของคุณอยู่กับ ${organization} แล้ว`,
    withInviter: 'คำตอบของคุณอยู่กับผู้ที่เชิญคุณแล้ว',
    close: 'คุณปิดหน้านี้ได้แล้ว',
  },

  receipt: {
    heading: 'ใบยืนยันการส่งคำตอบ',
    save: 'บันทึกใบยืนยัน',
    interview: 'การสัมภาษณ์',
    name: 'ชื่อ',
    folder: 'โฟลเดอร์',
    finishedAt: 'เสร็จสิ้นเมื่อ',
    question: 'คำถาม',
    length: 'ความยาว',
    size: 'ขนาด',
    received: 'ได้รับเมื่อ',
    digest: 'ค่าแฮช',
    unknown: 'ไม่ทราบ',
    full: 'ค่าแฮชแบบเต็ม (SHA-256)',
    hint: 'ค่าแฮชคือลายนิ้วมือของคำตอบ ใช้พิสูจน์ว่าเซิร์ฟเวอร์เก็บสิ่งที่บันทึกไว้ตรงทุกประการ',
  },
};
