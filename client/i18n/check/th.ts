/** Thai words of the device check and the practice question. */
import type { check as en } from './en.ts';

/** Thai words of the device check and the practice question. */
export const check: typeof en = {
  check: {
    heading: 'ตรวจสอบกล้องและไมโครโฟน',
    greeting: (title, count) => `${title} · ${count} คำถาม`,
    back: (answered, count, next) => `ยินดีต้อนรับกลับมา ได้รับคำตอบแล้ว ${answered} จาก ${count} ข้อ คุณจะทำต่อที่ข้อ ${next}`,
    plan: [
      'คำถามจะแสดงทีละข้อ และจะเริ่มบันทึกเองทันทีที่คุณเห็นคำถาม',
      'เมื่อพูดครบตามที่ต้องการแล้ว กดปุ่มใต้คำถามเพื่อไปต่อ',
      'ถ้าสัญญาณขาด ให้พูดต่อได้เลย คำตอบจะอยู่ในอุปกรณ์นี้จนกว่าจะส่งถึง',
    ],
    planThinking: 'คำถามจะแสดงทีละข้อ ข้อใดมีเวลาให้คิดก่อน จะมีการนับถอยหลังให้เห็น',
    camera: 'กล้อง',
    microphone: 'ไมโครโฟน',
    cameraNumber: (n) => `กล้อง ${n}`,
    microphoneNumber: (n) => `ไมโครโฟน ${n}`,
    level: 'ระดับเสียงไมโครโฟน',
    levelHint: 'ลองพูดสักสองสามคำ แถบนี้ควรขยับ',
    heard: 'เราได้ยินเสียงของคุณแล้ว',
    silent: 'เรายังไม่ได้ยินเสียงของคุณ เลือกไมโครโฟนถูกตัวและเปิดไว้แล้วหรือยัง',
    start: 'เริ่มสัมภาษณ์',
    preview: 'ภาพของคุณจากกล้อง',
    noPicture: 'ยังไม่มีภาพ',
    quality: {
      measuring: 'กำลังวัดการเชื่อมต่อของคุณ…',
      chosen: (picture, rate, connection) => `${picture}, ${rate} – ${connection}`,
      great: 'การเชื่อมต่อดีมาก',
      good: 'การเชื่อมต่อดี',
      slow: 'การเชื่อมต่อช้า แต่เพียงพอ',
      weak: 'สัญญาณอ่อน: ภาพเล็ก เสียงชัด',
    },
  },

  practice: {
    open: 'ลองตอบคำถาม',
    heading: 'ลองบันทึก',
    question: 'คุณชอบอะไรเกี่ยวกับที่ที่คุณอาศัยอยู่',
    note: 'ลองบันทึก: ไม่มีการส่งหรือเก็บสิ่งใดไว้',
    stop: 'หยุด',
    again: 'ลองใหม่อีกรอบ',
    back: 'กลับไปหน้าตรวจสอบ',
  },
};
