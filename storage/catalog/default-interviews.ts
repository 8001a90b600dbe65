import type { Interview } from '../types.ts';

/**
 * The interviews that every catalog has: one set of questions in three languages. The English one names no language, so that
 * the page is in the browser's own, and what is spoken is detected.
 */
export const defaultInterviews: readonly Interview[] = [
  interview({ slug: 'default', title: 'First interview' }, [
    'Please introduce yourself: who you are, and what you are doing at the moment.',
    'Tell us about a piece of work you are proud of. What was your part in it?',
    'Describe a problem that you could not solve at first. What did you do?',
    'How do you learn something that is completely new to you?',
    'Why would you like to work with us, and what should we know that we have not asked?',
  ]),
  interview({ slug: 'default-vi', title: 'Phỏng vấn vòng đầu', language: 'vi' }, [
    'Bạn hãy giới thiệu về mình: bạn là ai và hiện đang làm gì?',
    'Hãy kể về một công việc mà bạn tự hào. Bạn đã đóng góp phần nào trong đó?',
    'Hãy kể về một vấn đề mà lúc đầu bạn chưa giải quyết được. Bạn đã làm gì?',
    'Khi phải học một điều hoàn toàn mới, bạn học như thế nào?',
    'Vì sao bạn muốn làm việc cùng chúng tôi, và có điều gì chúng tôi nên biết mà chưa hỏi bạn không?',
  ]),
  interview({ slug: 'default-th', title: 'สัมภาษณ์รอบแรก', language: 'th' }, [
    'กรุณาแนะนำตัวว่าคุณเป็นใคร และตอนนี้กำลังทำอะไรอยู่',
    'กรุณาเล่าถึงผลงานที่คุณภูมิใจ คุณมีส่วนร่วมในงานนั้นอย่างไร',
    'กรุณาเล่าถึงปัญหาที่ตอนแรกคุณยังแก้ไม่ได้ แล้วคุณทำอย่างไร',
    'เมื่อต้องเรียนรู้เรื่องที่ใหม่สำหรับคุณโดยสิ้นเชิง คุณมีวิธีเรียนรู้อย่างไร',
    'ทำไมคุณจึงอยากร่วมงานกับเรา และมีเรื่องใดที่เราควรรู้แต่ยังไม่ได้ถามบ้าง',
  ]),
];

function interview(named: Pick<Interview, 'slug' | 'title' | 'language'>, questions: string[]): Interview {
  return {
    ...named,
    gate: 'each',
    keepTakes: true,
    questions: questions.map((text) => ({ text, thinkSeconds: 0, maxSeconds: 600, maxTakes: 1 })),
  };
}
