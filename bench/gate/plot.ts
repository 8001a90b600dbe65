/** Waits as cumulative shares, one panel per trace, as an SVG document. */
import type { GateFigures } from './gate-figures.ts';
import type { TraceResult } from './report.ts';

/** One line of a panel. */
interface Curve {
  name: string;
  colour: string;
  dash: string;
  /** In s; Infinity for gates that stayed shut. */
  waits: number[];
}

const WIDTH = 960;
const PANEL = { top: 92, height: 250, gap: 92, left: 70, right: 210 };
/** Ends and labels of the axis of waits, in s. */
const FROM_SECONDS = 0.05;
const TICKS = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200];
const TO_SECONDS = 200;
const SHARES = [0, 25, 50, 75, 95, 100];
const plotWidth = WIDTH - PANEL.left - PANEL.right;

/** Draws a complete SVG document; it is readable without colours, because each line has a dash pattern of its own. */
export function plotWaits(results: readonly TraceResult[]): string {
  const height = PANEL.top + results.length * (PANEL.height + PANEL.gap) - 20;
  const panels = results.map((result, at) => panel(result, PANEL.top + at * (PANEL.height + PANEL.gap)));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13" fill="#1a1a1a">
<title>The wait at the gate</title>
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${PANEL.left}" y="30" font-size="18" font-weight="bold">The wait at the gate</text>
<text x="${PANEL.left}" y="50">Share of gates that were open so many seconds after the stop</text>
${panels.join('\n')}
</svg>
`;
}

function panel({ trace, meanKbit, gates }: TraceResult, top: number): string {
  const bottom = top + PANEL.height;
  const right = PANEL.left + plotWidth;
  const mean = `${(meanKbit / 1000).toFixed(2)} Mbit/s on average`;
  const curves = curvesOf(gates);
  return [
    text(PANEL.left, top - 8, `${trace} (${mean})`, 'font-weight="bold"'),
    ...TICKS.map((seconds) => {
      const x = xOf(seconds);
      return `${line(x, top, x, bottom, '#dddddd')}${text(x, bottom + 18, String(seconds), 'text-anchor="middle"')}`;
    }),
    ...SHARES.map((share) => {
      const y = yOf(share / 100, top);
      return `${line(PANEL.left, y, right, y, '#dddddd')}${text(PANEL.left - 8, y + 4, `${share} %`, 'text-anchor="end"')}`;
    }),
    text(PANEL.left + plotWidth / 2, bottom + 38, 'wait in seconds', 'text-anchor="middle"'),
    ...curves.map(
      ({ waits, colour, dash }) =>
        `<polyline fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}" points="${steps(waits, top)}"/>`,
    ),
    ...curves.map(({ name, colour, dash, waits }, at) => {
      const y = top + 14 + at * 22;
      const sample = `<line x1="${right + 14}" y1="${y - 4}" x2="${right + 50}" y2="${y - 4}" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`;
      return `${sample}${text(right + 56, y, `${name} (${waits.length})`)}`;
    }),
  ].join('\n');
}

function curvesOf(gates: TraceResult['gates']): Curve[] {
  const endless = (ms: number | null) => (ms ?? Number.POSITIVE_INFINITY) / 1000;
  const ours = ({ waitMs }: GateFigures) => [endless(waitMs)];
  const ideal = ({ idealMs }: GateFigures) => [endless(idealMs)];
  const posted = ({ multipart }: GateFigures) => (multipart ? [endless(multipart.waitMs)] : []);
  const of = (place: GateFigures['where'], waits: (gate: GateFigures) => number[]) =>
    gates.filter(({ where }) => where === place).flatMap(waits);
  const curve = (name: string, colour: string, dash: string, waits: number[]): Curve => ({ name, colour, dash, waits });
  return [
    curve('engine', '#0b5cad', 'none', of('node', ours)),
    curve('ideal', '#1e7b34', '7 3', of('node', ideal)),
    curve('multipart', '#b3261e', '2 3', of('node', posted)),
    curve('Chromium', '#7a3fb0', '12 3 2 3', of('chromium', ours)),
    curve('its ideal', '#6b8e23', '3 6', of('chromium', ideal)),
    curve('its multipart', '#c77700', '8 3 2 3', of('chromium', posted)),
  ].filter(({ waits }) => waits.length > 0);
}

/** A step line: the share rises by one gate at each wait. With gates that stayed shut, it ends below 100 %. */
function steps(waits: readonly number[], top: number): string {
  const sorted = waits.filter((seconds) => seconds < Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  const points: [number, number][] = [];
  sorted.forEach((seconds, at) => {
    points.push([xOf(seconds), yOf(at / waits.length, top)], [xOf(seconds), yOf((at + 1) / waits.length, top)]);
  });
  if (sorted.length < waits.length) points.push([xOf(TO_SECONDS), yOf(sorted.length / waits.length, top)]);
  return points.map((pair) => pair.map((value) => value.toFixed(1)).join(',')).join(' ');
}

/** Logarithmic; values beyond the axis are drawn at its end. */
function xOf(seconds: number): number {
  const within = Math.min(TO_SECONDS, Math.max(FROM_SECONDS, seconds));
  return PANEL.left + (plotWidth * Math.log(within / FROM_SECONDS)) / Math.log(TO_SECONDS / FROM_SECONDS);
}

function yOf(share: number, top: number): number {
  return top + PANEL.height * (1 - share);
}

function text(x: number, y: number, words: string, more = ''): string {
  const escaped = words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escaped}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`;
}
