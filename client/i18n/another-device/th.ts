/** Thai words of the way to another device. */
import type { another as en } from './en.ts';

/** Thai words of the way to another device. */
export const another: typeof en = {
  offer: 'ทำต่อบนอุปกรณ์อื่น',
  how: 'สแกนรหัสนี้ด้วยอุปกรณ์อีกเครื่อง หรือเปิดลิงก์ของคุณบนเครื่องนั้น การสัมภาษณ์จะดำเนินต่อจากจุดที่คุณทำอยู่',
  keep: 'กรุณาเปิดหน้านี้ไว้จนกว่าคำตอบของคุณจะส่งถึงครบ',
  code: 'รหัส QR ของลิงก์คุณ',
  link: 'ลิงก์ของคุณ',
  copy: 'คัดลอกลิงก์',
  copied: 'คัดลอกลิงก์แล้ว',
  notCopied: 'โปรดคัดลอกลิงก์ด้วยตนเอง',
  share: 'แชร์ลิงก์',
  secret: 'ลิงก์นี้เป็นของคุณคนเดียว โปรดอย่าส่งต่อให้ผู้อื่น',
};
