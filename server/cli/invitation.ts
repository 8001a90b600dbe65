/** What an admin sends to candidates, in the languages of the page. */
import type { DateTime } from 'luxon';
import type { PageLanguage } from './link.ts';

/** What an invitation says. */
export interface Invitation {
  /** The candidate's name, which is typed at the log-in. */
  name: string;
  link: string;
  /** When the link stops to begin interviews; null = never. */
  expiresAt: DateTime | null;
  /** Who invites; null where the interview names nobody. */
  organization: string | null;
}

/** What a reminder says. The link is in the invitation: no copy of it is stored. */
export interface Reminder extends Omit<Invitation, 'link'> {
  /** How many questions are answered, and how many there are; null where the interview has not begun. */
  progress: { answered: number; questions: number } | null;
}

interface Words {
  hello(name: string): string;
  invite(organization: string | null): string;
  how: string;
  link: string;
  begin(when: string): string;
  finish(when: string): string;
  name: string;
  remind(organization: string | null): string;
  goOn(answered: number, questions: number): string;
  sameLink: string;
  regards: string;
}

const words: Record<PageLanguage, Words> = {
  en: {
    hello: (name) => `Hello ${name},`,
    invite: (organization) =>
      organization ? `${organization} invites you to a video interview.` : 'You are invited to a video interview.',
    how: 'You answer the questions in your browser, on a phone or a computer, at a time that suits you.',
    link: 'Your personal link:',
    begin: (when) => `Please begin before ${when}.`,
    finish: (when) => `Please finish before ${when}.`,
    name: 'Type your name as it is written above to log in.',
    remind: (organization) =>
      organization
        ? `The invitation of ${organization} to a video interview is still open.`
        : 'Your invitation to a video interview is still open.',
    goOn: (answered, questions) =>
      `You have answered ${answered} of ${questions} questions of your video interview, and all of them are safe.`,
    sameLink:
      'Open the link that we sent you. If you can no longer find it, please tell us, and we send you a new one.',
    regards: 'Kind regards,',
  },
  vi: {
    hello: (name) => `Chào ${name},`,
    invite: (organization) =>
      organization
        ? `${organization} mời bạn tham gia buổi phỏng vấn qua video.`
        : 'Bạn được mời tham gia buổi phỏng vấn qua video.',
    how: 'Bạn trả lời các câu hỏi ngay trên trình duyệt, bằng điện thoại hoặc máy tính, vào lúc thuận tiện cho bạn.',
    link: 'Đường dẫn dành riêng cho bạn:',
    begin: (when) => `Bạn vui lòng bắt đầu trước ${when}.`,
    finish: (when) => `Bạn vui lòng hoàn thành trước ${when}.`,
    name: 'Khi đăng nhập, bạn hãy nhập họ và tên đúng như trên.',
    remind: (organization) =>
      organization
        ? `Lời mời phỏng vấn qua video của ${organization} vẫn đang chờ bạn.`
        : 'Lời mời phỏng vấn qua video vẫn đang chờ bạn.',
    goOn: (answered, questions) =>
      `Bạn đã trả lời ${answered}/${questions} câu hỏi của buổi phỏng vấn, và tất cả đều đã được lưu an toàn.`,
    sameLink: 'Bạn hãy mở đường dẫn chúng tôi đã gửi. Nếu không còn tìm thấy, hãy báo để chúng tôi gửi đường dẫn mới.',
    regards: 'Trân trọng,',
  },
  th: {
    hello: (name) => `เรียน คุณ${name}`,
    invite: (organization) =>
      organization ? `${organization} ขอเชิญคุณเข้าร่วมการสัมภาษณ์ผ่านวิดีโอ` : 'ขอเชิญคุณเข้าร่วมการสัมภาษณ์ผ่านวิดีโอ',
    how: 'คุณตอบคำถามบนเบราว์เซอร์ได้ทั้งทางโทรศัพท์และคอมพิวเตอร์ ในเวลาที่คุณสะดวก',
    link: 'ลิงก์เฉพาะของคุณ:',
    begin: (when) => `กรุณาเริ่มสัมภาษณ์ก่อน${when}`,
    finish: (when) => `กรุณาสัมภาษณ์ให้เสร็จก่อน${when}`,
    name: 'ตอนเข้าสู่ระบบ กรุณากรอกชื่อและนามสกุลตามที่ระบุไว้ข้างต้น',
    remind: (organization) =>
      organization ? `คำเชิญสัมภาษณ์ผ่านวิดีโอจาก ${organization} ยังรอคุณอยู่` : 'คำเชิญสัมภาษณ์ผ่านวิดีโอยังรอคุณอยู่',
    goOn: (answered, questions) => `คุณตอบคำถามสัมภาษณ์แล้ว ${answered} จาก ${questions} ข้อ และทุกคำตอบถูกเก็บไว้อย่างปลอดภัย`,
    sameLink: 'กรุณาเปิดลิงก์ที่เราส่งให้ หากหาลิงก์ไม่พบ โปรดแจ้งเรา เราจะส่งลิงก์ใหม่ให้',
    regards: 'ขอแสดงความนับถือ',
  },
};

/** The message that brings a candidate the link. */
export function invitationText({ name, link, expiresAt, organization }: Invitation, language: PageLanguage): string {
  const say = words[language];
  return paragraphs(
    say.hello(name),
    `${say.invite(organization)} ${say.how}`,
    `${say.link}\n${link}`,
    [...(expiresAt ? [say.begin(deadline(expiresAt, language))] : []), say.name].join(' '),
    organization ? `${say.regards}\n${organization}` : '',
  );
}

/** The message to a candidate who has not begun, or has begun and not finished. */
export function reminderText(reminder: Reminder, language: PageLanguage): string {
  const { name, expiresAt, organization, progress } = reminder;
  const say = words[language];
  const due = expiresAt && (progress ? say.finish : say.begin)(deadline(expiresAt, language));
  return paragraphs(
    say.hello(name),
    progress ? say.goOn(progress.answered, progress.questions) : say.remind(organization),
    [say.sameLink, ...(due ? [due] : [])].join(' '),
    organization ? `${say.regards}\n${organization}` : '',
  );
}

function paragraphs(...all: string[]): string {
  return all.filter(Boolean).join('\n\n');
}

const LOCALES: Record<PageLanguage, string> = { en: 'en-GB', vi: 'vi', th: 'th' };

/** A day and a time in words, with their zone: "Friday, 4 December 2026 at 18:00 (UTC+7)". */
function deadline(at: DateTime, language: PageLanguage): string {
  const local = at.toLocal();
  const text = local.setLocale(LOCALES[language]).toLocaleString({
    ...{ weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  });
  return `${text} (UTC${local.toFormat('Z')})`;
}
