/** A QR code as a picture. A file of its own, since the page loads it only when a candidate asks for the code. */
import { encode } from 'uqr';

const SVG = 'http://www.w3.org/2000/svg';
/** "The quiet zone shall be 4X wide on all four sides", in modules: ISO/IEC 18004, section 5.3.8. */
const QUIET = 4;

/** The picture of `text`; `name` is what screen readers say of it. Black on white in every colour scheme: cameras need it. */
export function drawQrCode(text: string, name: string): SVGSVGElement {
  const { data, size } = encode(text, { ecc: 'M', border: 0 });
  const dark = data.flatMap((row, y) => row.flatMap((on, x) => (on ? [`M${x + QUIET} ${y + QUIET}h1v1h-1z`] : [])));
  const side = size + 2 * QUIET;
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries({
    viewBox: `0 0 ${side} ${side}`,
    role: 'img',
    'aria-label': name,
    'shape-rendering': 'crispEdges',
  }))
    svg.setAttribute(key, value);
  const ground = document.createElementNS(SVG, 'rect');
  for (const [key, value] of Object.entries({ width: `${side}`, height: `${side}`, fill: '#fff' }))
    ground.setAttribute(key, value);
  const modules = document.createElementNS(SVG, 'path');
  modules.setAttribute('d', dark.join(''));
  modules.setAttribute('fill', '#000');
  svg.append(ground, modules);
  return svg;
}
